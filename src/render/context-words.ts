// What the context lens found, in words: the largest waste first.
import type { Change } from "../conventions/context/changes.ts";
import type { PlacedPiece } from "../conventions/context/prompts.ts";
import type { CacheCause } from "../conventions/context/verdicts.ts";
import type { ContextCall } from "../conventions/context.ts";
import { causeInWords } from "./cause-words.ts";
import { count, dollars, duration } from "./figures.ts";

/** Something worth to know. */
export interface Finding {
  readonly text: string;
  /** Undefined where it is told of several. */
  readonly call: ContextCall | undefined;
  readonly cause: CacheCause;
  readonly calls: number;
  /** Tokens that were read again; of `unused`, those that were not read from the cache. */
  readonly tokens: number;
  readonly wastedUsd: number | undefined;
}

/** What was found in these calls: what was wasted, then what was told without a price. */
export function findingsOf(calls: readonly ContextCall[]): Finding[] {
  const broken = calls.filter(({ cache }) => cache.state === "broken").map(brokenFinding);
  const compacted = calls.flatMap((call, i) => compactionFinding(call, calls.slice(0, i)));
  return [...broken.sort(byWaste), ...groupedFindings(calls).sort(byWaste), ...compacted];
}

function byWaste(a: Finding, b: Finding): number {
  return (b.wastedUsd ?? 0) - (a.wastedUsd ?? 0) || b.tokens - a.tokens;
}

function brokenFinding(call: ContextCall): Finding {
  const { cache, change, wastedUsd } = call;
  const { cause = "unexplained", wastedTokens: tokens = 0, reported } = cache;
  const why = reported === undefined ? undefined : `the provider says ${reported}`;
  const what = change?.change === undefined ? undefined : changeInWords(change.change);
  const told = [what ?? (why === undefined ? "the prompt changed" : undefined), why]
    .filter((text) => text !== undefined)
    .join("; ");
  const price = wastedUsd === undefined ? "" : `, ${dollars(wastedUsd)}`;
  const read =
    tokens === 0 ? "lost the cache" : `read ${count(tokens)} ${tokens === 1 ? "token" : "tokens"} again`;
  return { text: `${callInWords(call)} ${read}${price}: ${told}`, call, cause, calls: 1, tokens, wastedUsd };
}

/** `call 7`; of a sub-agent's its agent. */
export function callInWords({ number, agent, turn }: Pick<ContextCall, "number" | "agent" | "turn">): string {
  return number === undefined ? `a call of ${agent ?? "a sub-agent"} in turn ${turn}` : `call ${number}`;
}

function compactionFinding(call: ContextCall, earlier: readonly ContextCall[]): Finding[] {
  const { change, usage } = call;
  const compaction = change?.compaction;
  if (compaction === undefined) return [];
  const before = earlier.find(({ spanId }) => spanId === call.before?.spanId)?.usage?.input;
  const tokens =
    before === undefined || usage?.input === undefined
      ? ""
      : `, ${count(before)} to ${count(usage.input)} tokens`;
  const how = compaction.how === "summary" ? "summarised" : "cut";
  const messages = `${compaction.messagesBefore} to ${compaction.messagesAfter} messages`;
  const text = `the history was ${how} before ${callInWords(call)}: ${messages}${tokens}`;
  return [{ text, call, cause: "compaction", calls: 1, tokens: 0, wastedUsd: undefined }];
}

/** What several calls have in common is told once. */
function groupedFindings(calls: readonly ContextCall[]): Finding[] {
  const groups = new Map<CacheCause, ContextCall[]>();
  for (const call of calls) {
    const { state, cause } = call.cache;
    if (state !== "unused" || cause === undefined) continue;
    groups.set(cause, [...(groups.get(cause) ?? []), call]);
  }
  return [...groups].map(([cause, some]) => {
    const tokens = some.reduce((sum, { cache }) => sum + (cache.missedTokens ?? 0), 0);
    const [only] = some;
    const subject =
      some.length === 1 && only !== undefined ? callInWords(only) : `${count(some.length)} calls`;
    const missed = tokens === 0 ? "" : `, ${count(tokens)} tokens`;
    const text = `${subject} did not use the cache${missed}: ${causeOf(cause, some)}`;
    return {
      text,
      call: some.length === 1 ? only : undefined,
      cause,
      calls: some.length,
      tokens,
      wastedUsd: undefined,
    };
  });
}

function causeOf(cause: CacheCause, calls: readonly ContextCall[]): string {
  const longest = duration(Math.max(...calls.map(({ cache }) => cache.pauseMs ?? 0)));
  return causeInWords(cause, calls.length === 1 ? longest : `up to ${longest}`);
}

/** What changed: `the result of search_events was shortened`. */
export function changeInWords(change: Change): string {
  const { place, how, names, before, after } = change;
  if (place === "tools") return toolsInWords(how, names);
  if (place === "system") return `the system prompt was ${how}`;
  const moved = how === "reordered" ? "changed its place" : `was ${how}`;
  return `${pieceInWords(before ?? after)} ${moved}`;
}

function toolsInWords(how: Change["how"], names: readonly string[]): string {
  if (how === "reordered") return "the tools were offered in another order";
  const shown = names.slice(0, MAX_NAMES).join(", ");
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
  return names.length === 1 ? `the tool ${shown} was ${how}` : `the tools ${shown}${more} were ${how}`;
}

const MAX_NAMES = 4;

function pieceInWords(placed: PlacedPiece | undefined): string {
  if (placed === undefined) return "a message";
  const { piece, message } = placed;
  if (piece.kind === "result") return `the result of ${piece.name ?? `a tool (message ${message + 1})`}`;
  return `message ${message + 1} (${piece.role})`;
}
