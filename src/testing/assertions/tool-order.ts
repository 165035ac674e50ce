// The tools that were called, as a whole: in order, in any order, no others, at least these.
import { toolName } from "../../conventions/facts.ts";
import type { ReadSpan } from "../../conventions/turns.ts";
import { oneLine } from "../../render/text.ts";
import { differenceOf, type Expected, type ExpectedText, expectedInWords } from "./expected.ts";
import { type Finding, isText } from "./finding.ts";
import type { TraceView } from "./view.ts";

/** A call of a tool in a list of calls: by its name, or by what is expected of it. */
export type ExpectedCall =
  | ExpectedText
  | {
      /** The tool's name. */
      readonly name: ExpectedText;
      /** The whole input, JSON text read; `partially` expects a part. */
      readonly input?: Expected;
      /** The whole output, JSON text read. */
      readonly output?: Expected;
    };

/** Calls of tools. */
export type CallTools = readonly ExpectedCall[];

/** How the calls that there are compare with those that are expected. */
export interface ToolOrder {
  /**
   * `strict`: these and no others, in this order. `in-order`: these in this order, others may lie between. `unordered`: these and no others, in
   * any order. `superset`: these and perhaps others, in any order. `subset`: no others than these, each at most as often. Default `strict`.
   */
  readonly order?: "strict" | "in-order" | "unordered" | "superset" | "subset" | undefined;
}

/** Looks for the calls. */
export function toCallTools(
  view: TraceView,
  tools: CallTools,
  { order = "strict" }: ToolOrder = {},
): Finding {
  const calls = view.calls("tool-call");
  const fits = tools.map((tool) => calls.map((call) => isCall(call, tool)));
  const pairs = ORDERS[order](fits, calls.length);
  const isEachFound = pairs.every((call) => call !== undefined);
  const used = new Set(pairs);
  const extra = calls.filter((_, i) => !used.has(i));
  const mayLack = order === "subset";
  const mayHaveMore = order === "superset" || order === "in-order";
  const lacking = tools.find((_, i) => pairs[i] === undefined);
  const told = `the tool calls ${tools.map(callInWords).join(", ") || "(none)"}, ${IN_WORDS[order]}`;
  const because: string[] = [`The calls are ${calls.map(shown).join(", ") || "(none)"}.`];
  if (order === "strict") because.push(firstPlace(tools, calls, pairs.indexOf(undefined)));
  else if (!mayLack && lacking !== undefined)
    because.push(`There is no ${callInWords(lacking)}${order === "in-order" ? " at its place" : ""}.`);
  else if (!mayHaveMore && extra[0] !== undefined) because.push(`${shown(extra[0])} is one too many.`);
  return {
    holds: (mayLack || isEachFound) && (mayHaveMore || extra.length === 0),
    expected: told,
    unexpected: `other than ${told}`,
    because,
    marked: extra.map(({ span }) => span),
  };
}

const IN_WORDS = {
  strict: "in this order and no others",
  "in-order": "in this order",
  unordered: "in any order and no others",
  superset: "in any order",
  subset: "and no others",
} as const;

/** The first place at which they are not the same. */
function firstPlace(tools: CallTools, calls: readonly ReadSpan[], at: number): string {
  const place = at < 0 ? tools.length : at;
  const [tool, call] = [tools[place], calls[place]];
  if (tool === undefined)
    return call === undefined ? "They are the same." : `Call ${place + 1}, ${shown(call)}, is one too many.`;
  return call === undefined
    ? `There is no call ${place + 1}, ${callInWords(tool)}.`
    : `Call ${place + 1} is ${shown(call)}, not ${callInWords(tool)}.`;
}

/** Of each expected call, the number of the one that it is; undefined where it is none. */
type Pairing = (fits: readonly (readonly boolean[])[], calls: number) => (number | undefined)[];

const ORDERS: Readonly<Record<keyof typeof IN_WORDS, Pairing>> = {
  strict: (fits) => fits.map((row, i) => (row[i] === true ? i : undefined)),
  "in-order": inOrder,
  unordered: anyhow,
  superset: anyhow,
  subset: anyhow,
};

function inOrder(fits: readonly (readonly boolean[])[]): (number | undefined)[] {
  let from = 0;
  return fits.map((row) => {
    const at = row.indexOf(true, from);
    if (at < 0) return undefined;
    from = at + 1;
    return at;
  });
}

/** As many pairs as can be: what fits several goes where the others still find one (augmenting paths, as Kuhn has them). */
function anyhow(fits: readonly (readonly boolean[])[], calls: number): (number | undefined)[] {
  const takenBy: (number | undefined)[] = new Array(calls).fill(undefined);
  for (const expected of fits.keys()) assign(expected, { fits, takenBy, seen: new Set() });
  const pairs: (number | undefined)[] = fits.map(() => undefined);
  for (const [call, expected] of takenBy.entries()) if (expected !== undefined) pairs[expected] = call;
  return pairs;
}

function assign(
  expected: number,
  state: {
    readonly fits: readonly (readonly boolean[])[];
    readonly takenBy: (number | undefined)[];
    readonly seen: Set<number>;
  },
): boolean {
  const { fits, takenBy, seen } = state;
  for (const [call, isFit] of (fits[expected] ?? []).entries()) {
    if (!isFit || seen.has(call)) continue;
    seen.add(call);
    const holder = takenBy[call];
    if (holder !== undefined && !assign(holder, state)) continue;
    takenBy[call] = expected;
    return true;
  }
  return false;
}

function isCall({ reading, span }: ReadSpan, expected: ExpectedCall): boolean {
  if (!isNamed(expected)) return isText(toolName(reading, span), expected);
  const { name, input, output } = expected;
  return (
    isText(toolName(reading, span), name) &&
    (input === undefined || differenceOf(reading.tool?.arguments, input) === undefined) &&
    (output === undefined || differenceOf(reading.tool?.result, output) === undefined)
  );
}

function isNamed(expected: ExpectedCall): expected is Exclude<ExpectedCall, ExpectedText> {
  return typeof expected === "object" && "name" in expected;
}

function callInWords(expected: ExpectedCall): string {
  if (!isNamed(expected)) return typeof expected === "string" ? expected : expectedInWords(expected);
  const name = typeof expected.name === "string" ? expected.name : expectedInWords(expected.name);
  return expected.input === undefined ? name : `${name}(${expectedInWords(expected.input)})`;
}

function shown({ reading, span }: ReadSpan): string {
  return oneLine(toolName(reading, span), MAX_NAME);
}

const MAX_NAME = 60;
