// Which vocabularies a span is written in: often several, one beside the other.
import { NAMES } from "../names.ts";
import { atif } from "./atif.ts";
import { genAi } from "./gen-ai.ts";
import { mcp } from "./mcp.ts";
import { openinference } from "./openinference.ts";
import { KINDS, toolkit } from "./toolkit.ts";
import { traceloop } from "./traceloop.ts";
import { vercelAi } from "./vercel-ai.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Who made up the names of attributes: Tracelight and the Python toolkit, OpenTelemetry, and so on. */
export type VocabularyName =
  | "openinference"
  | "vercel-ai"
  | "mcp"
  | "traceloop"
  | "gen_ai"
  | "atif"
  | "tracelight";

/**
 * All vocabularies, in the order in which they are asked for what a span says, and the other way round for its conversation. The
 * toolkit's names are inherited by spans of all the others.
 */
export const VOCABULARIES: readonly Vocabulary<VocabularyName>[] = [
  openinference,
  vercelAi,
  mcp,
  traceloop,
  genAi,
  atif,
  toolkit,
];

const TOOLKIT_ALONE: readonly Vocabulary<VocabularyName>[] = [toolkit];
/** Lists by the set of their vocabularies: few occur, and each span needs one. */
const lists = new Map<number, readonly Vocabulary<VocabularyName>[]>();

/** The vocabularies that a span's attributes are of; the toolkit's is always among them, last. */
export function recognised(
  attributes: Readonly<Record<string, unknown>>,
): readonly Vocabulary<VocabularyName>[] {
  if (KINDS.has(attributes[NAMES.traceType])) return TOOLKIT_ALONE;
  let found = 0;
  for (const key in attributes) found |= ownerBit(key);
  if (found === 0) return TOOLKIT_ALONE;
  const known = lists.get(found);
  if (known !== undefined) return known;
  const list = VOCABULARIES.filter((vocabulary, i) => vocabulary === toolkit || (found & (1 << i)) !== 0);
  lists.set(found, list);
  return list;
}

/** The vocabulary that an attribute belongs to, by its name; undefined for the toolkit's and all others. */
export function ownerOf(key: string): Vocabulary<VocabularyName> | undefined {
  const bit = ownerBit(key);
  return bit === 0 ? undefined : VOCABULARIES[31 - Math.clz32(bit)];
}

/** Names of attributes whose value is a list of messages that grows from call to call. */
export const MESSAGE_LISTS: ReadonlySet<string> = new Set(
  VOCABULARIES.flatMap(({ messageLists = [] }) => messageLists),
);

/** Names that begin so, and of which vocabulary they are. */
interface Claim {
  readonly prefix: string;
  /** Undefined where all are. */
  readonly matches: RegExp | undefined;
  readonly bit: number;
}

/** By the first letter, then the prefix: this runs for each attribute of each span. */
function ownerBit(key: string): number {
  const claims = CLAIMS[key.charCodeAt(0)];
  if (claims === undefined) return 0;
  for (let i = 0; i < claims.length; i++) {
    const claim = claims[i];
    if (claim === undefined || !key.startsWith(claim.prefix)) continue;
    if (claim.matches === undefined || claim.matches.test(key)) return claim.bit;
  }
  return 0;
}

/** By the code of the first letter; of two that claim one name the later vocabulary comes first. */
const CLAIMS: readonly (readonly Claim[] | undefined)[] = claimsByLetter();

function claimsByLetter(): (readonly Claim[] | undefined)[] {
  const claims = VOCABULARIES.flatMap(({ owns = {} }, i) =>
    Object.entries(owns).map(([prefix, only]): Claim => {
      return { prefix, matches: only === "all" ? undefined : only, bit: 1 << i };
    }),
  ).reverse();
  return Array.from({ length: 128 }, (_, code) => {
    const some = claims.filter(({ prefix }) => prefix.charCodeAt(0) === code);
    return some.length === 0 ? undefined : some;
  });
}
