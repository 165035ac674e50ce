// Which vocabularies a span is written in: often several, one beside the other.
import { NAMES } from "../names.ts";
import { genAi } from "./gen-ai.ts";
import { mcp } from "./mcp.ts";
import { openinference } from "./openinference.ts";
import { KINDS, toolkit } from "./toolkit.ts";
import { traceloop } from "./traceloop.ts";
import { vercelAi } from "./vercel-ai.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** All vocabularies, in the order in which they are asked. The toolkit's names are inherited by spans of all the others. */
export const VOCABULARIES: readonly Vocabulary[] = [openinference, vercelAi, mcp, traceloop, genAi, toolkit];

const TOOLKIT_ALONE: readonly Vocabulary[] = [toolkit];
/** Lists by the set of their vocabularies: few occur, and each span needs one. */
const lists = new Map<number, readonly Vocabulary[]>();

/** The vocabularies that a span's attributes are of; the toolkit's is always among them, last. */
export function recognised(attributes: Readonly<Record<string, unknown>>): readonly Vocabulary[] {
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
export function ownerOf(key: string): Vocabulary | undefined {
  const bit = ownerBit(key);
  return bit === 0 ? undefined : VOCABULARIES[31 - Math.clz32(bit)];
}

/** By the first letter, then the prefix: this runs for each attribute of each span. */
function ownerBit(key: string): number {
  switch (key.charCodeAt(0)) {
    case 0x61: // a
      return key.startsWith("ai.") && VERCEL.test(key)
        ? VERCEL_BIT
        : key === "agent.name"
          ? OPENINFERENCE_BIT
          : 0;
    case 0x67: // g
      return key.startsWith("gen_ai.") ? GEN_AI_BIT : 0;
    case 0x6c: // l
      if (!key.startsWith("llm.")) return 0;
      return TRACELOOP_LLM.test(key) ? TRACELOOP_BIT : OPENINFERENCE_BIT;
    case 0x6d: // m
      return key.startsWith("mcp.") ? MCP_BIT : 0;
    case 0x74: // t
      return key.startsWith("traceloop.") ? TRACELOOP_BIT : key.startsWith("tool.") ? OPENINFERENCE_BIT : 0;
    case 0x65: // e
    case 0x69: // i
    case 0x6f: // o
    case 0x72: // r
      return OPENINFERENCE_OTHER.test(key) ? OPENINFERENCE_BIT : 0;
    default:
      return 0;
  }
}

const OPENINFERENCE_BIT = 1 << VOCABULARIES.indexOf(openinference);
const VERCEL_BIT = 1 << VOCABULARIES.indexOf(vercelAi);
const MCP_BIT = 1 << VOCABULARIES.indexOf(mcp);
const TRACELOOP_BIT = 1 << VOCABULARIES.indexOf(traceloop);
const GEN_AI_BIT = 1 << VOCABULARIES.indexOf(genAi);
const VERCEL =
  /^ai\.(operationId$|telemetry\.|model\.|prompt|response\.|result\.|stream\.|usage\.|toolCall\.|settings\.|values?$|embeddings?$|finishReason$|schema|request\.headers|ranking|documents$)/;
const TRACELOOP_LLM =
  /^llm\.(request\.(?!model_name$)|usage\.|prompts\.|completions\.|headers$|is_streaming$|top_k$|user$|frequency_penalty$|presence_penalty$|chat\.)/;
const OPENINFERENCE_OTHER =
  /^(openinference\.|input\.(value|mime_type)$|output\.(value|mime_type)$|embedding\.|retrieval\.documents\.|reranker\.)/;
