// Facts as stores keep them beside a span: JSON with the version of the reading that made them.
import { type SpanFacts, TOKENS } from "./facts.ts";
import { parseJsonText } from "./json-text.ts";
import { isAnObject } from "./values.ts";

/** The version of the reading that makes facts: raised whenever a span may have other facts than before. */
export const FACTS_VERSION = 5;
/** The one before does not know of shares: what it stored counts as one. */
const WITHOUT_SHARES = 4;
/** The one before that does not have the tokens of some providers, and nothing else: see `READ_SINCE`. */
const WITHOUT_SOME_TOKENS = 3;
/** The one before those lacks what failures said. */
const WITHOUT_ERRORS = 2;

/** Facts as stores keep them: JSON, with the version of the reading that made them. */
export function encodeFacts(facts: SpanFacts): string {
  return `{"v":${FACTS_VERSION},${JSON.stringify(facts).slice(1)}`;
}

/** Facts that were stored. */
export interface StoredFacts {
  readonly facts: SpanFacts;
  /** True where an older release made them, or they are none: whoever has the span asks `factsOf`. */
  readonly isOld: boolean;
}

/** Many spans of a listing have the same. */
const decoded = new Map<string, StoredFacts>();
const MOST_DECODED = 500;
const LONGEST_DECODED = 500;

/** What `encodeFacts` wrote, now or in an older release; a store that says otherwise must not make a listing fail. */
export function decodeFacts(json: unknown): StoredFacts {
  if (typeof json !== "string") return NO_FACTS;
  const known = decoded.get(json);
  if (known !== undefined) return known;
  const parsed = parseJsonText(json);
  const stored = isAnObject(parsed) && isFacts(parsed) ? storedIn(parsed) : NO_FACTS;
  if (json.length > LONGEST_DECODED) return stored;
  if (decoded.size >= MOST_DECODED) decoded.clear();
  decoded.set(json, stored);
  return stored;
}

const NO_FACTS: StoredFacts = { facts: { kind: "other" }, isOld: true };

function storedIn({ v: version = 1, ...facts }: SpanFacts & { readonly v?: unknown }): StoredFacts {
  return { facts, isOld: typeof version !== "number" || version < neededFor(facts) };
}

/** To make facts anew costs reading the span, prompt and all: it is done where they may be others. */
function neededFor(facts: SpanFacts): number {
  if (mayHaveOtherTokens(facts)) return WITHOUT_SHARES;
  return facts.failed ? WITHOUT_SOME_TOKENS : WITHOUT_ERRORS;
}

function mayHaveOtherTokens({ kind, inputTokens, provider = "", model = "" }: SpanFacts): boolean {
  return kind === "model-call" && (inputTokens === undefined || READ_SINCE.test(`${provider} ${model}`));
}

/** Whose usage version 4 reads in shapes that those before did not know: Gemini's, DeepSeek's, what OpenRouter wrote to a cache. */
const READ_SINCE = /gemini|google|vertex|deepseek|openrouter/i;

function isFacts(facts: object): facts is SpanFacts {
  if (typeof Reflect.get(facts, "kind") !== "string") return false;
  for (const name in facts) {
    const expected = FACT_TYPES.get(name);
    if (expected !== undefined && typeof Reflect.get(facts, name) !== expected) return false;
  }
  return true;
}

const TEXTS: readonly (keyof SpanFacts)[] = [
  ...(["title", "agent", "user", "tool", "model", "provider", "scope", "finishReason", "error"] as const),
];

const FACT_TYPES: ReadonlyMap<string, string> = new Map<string, string>([
  ...TEXTS.map((name) => [name, "string"] as const),
  ...[...TOKENS.map(([, name]) => name), "timeToFirstTokenMs", "adjustedCount"].map(
    (name) => [name, "number"] as const,
  ),
  ...["failed", "aborted"].map((name) => [name, "boolean"] as const),
]);
