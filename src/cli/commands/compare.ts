// `tracelight compare`: two model calls word by word, or two traces or conversations step by step.
import {
  type CallMeasures,
  type CallRow,
  type ComparedCalls,
  changedWords,
} from "../../conventions/compare/calls.ts";
import type { StepRow } from "../../conventions/compare/steps.ts";
import type { WordPiece } from "../../conventions/compare/words.ts";
import { textOfPiece } from "../../conventions/context/content.ts";
import type { PlacedPiece } from "../../conventions/context/prompts.ts";
import type { Summary } from "../../conventions/summary.ts";
import type { Color, Paint } from "../../render/color.ts";
import { comparedCallsJson, comparedStepsJson } from "../../render/compare-json.ts";
import { wrapped } from "../../render/wrap.ts";
import { type Comparison, compareIn, type Subject } from "../../tracing/comparing.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { compact, count, dollars, duration, words } from "../format.ts";
import { resolveId, shownId } from "../ids.ts";
import { type Column, table } from "../table.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { jsonLine } from "./filter.ts";

/** Options of `compare`. */
export interface CompareOptions {
  readonly full?: boolean;
  readonly json?: boolean;
  readonly prices?: string;
}

/** Compares what the two ids name. */
export async function compare(
  context: Context,
  [first = "", second = "", name]: readonly string[],
  options: CompareOptions,
): Promise<ExitCode> {
  const store = await context.open(name, { again: true });
  const [a, b] = [await subjectOf(first, store), await subjectOf(whole(second, first), store)];
  for (const [subject, text] of [
    [a, first],
    [b, second],
  ] as const)
    if (subject === undefined) return unknown(text, store, context);
  if (a === undefined || b === undefined) return EXIT.nothingFound;
  const found = await compareIn(store, { a, b, prices: await context.prices(options) });
  if (found.kind === "missing") return unknown(found.side === "a" ? first : second, store, context);
  if (found.kind === "unlike")
    throw new UsageError("Compare two calls (ID#7, TRACE/SPAN), or two traces or conversations");
  for (const line of linesOf(found, options, context)) await context.output.line(line);
  return EXIT.ok;
}

type Found = Exclude<Comparison, { readonly kind: "missing" | "unlike" }>;

function linesOf(found: Found, options: CompareOptions, { output }: Context): Iterable<string> {
  if (options.json) {
    const json =
      found.kind === "calls" ? comparedCallsJson(found.compared) : comparedStepsJson(found.compared, found);
    return [jsonLine(json)];
  }
  return found.kind === "calls"
    ? callLines(found.compared, options, output)
    : stepLines(found, options, output);
}

/** `#8` alone is a call of the other. */
function whole(text: string, other: string): string {
  return /^#\d+$/.test(text) ? other.replace(/(?:#\d+|\/[0-9a-f]{16})?$/i, text) : text;
}

async function subjectOf(text: string, store: StoreReader): Promise<Subject | undefined> {
  const [, trace = "", spanId = ""] = /^([0-9a-f]{4,32})\/([0-9a-f]{16})$/i.exec(text) ?? [];
  if (spanId !== "") {
    const found = await resolveId(trace, store);
    return found === undefined ? undefined : { ...found, call: { spanId: spanId.toLowerCase() } };
  }
  const [, id = "", number] = /^(.*)#(\d{1,9})$/s.exec(text) ?? [];
  if (number === undefined) return resolveId(text, store);
  const found = await resolveId(id, store);
  return found === undefined ? undefined : { ...found, call: { number: Number(number) } };
}

async function unknown(text: string, store: StoreReader, { output }: Context): Promise<ExitCode> {
  await output.say(`There is no trace, conversation or call "${shownId(text)}" in ${store.name}.`);
  return EXIT.nothingFound;
}

type Room = Pick<Context["output"], "width" | "paint">;

interface Measure {
  readonly name: string;
  readonly a: number | undefined;
  readonly b: number | undefined;
  readonly show: (n: number) => string;
}

function measureLines(measures: readonly Measure[], { width, paint }: Room): string[] {
  const shown = ({ show }: Measure, n: number | undefined): string => (n === undefined ? "" : show(n));
  const right = { align: "right" } as const;
  const columns: Column<Measure>[] = [
    { title: "", cell: ({ name }) => name },
    { title: "A", cell: (one) => shown(one, one.a), ...right },
    { title: "B", cell: (one) => shown(one, one.b), ...right },
    { title: "change", cell: ({ a, b }) => changeOf(a, b), ...right },
    { title: "", cell: () => "", flexible: true },
  ];
  return table(
    measures.filter(({ a, b }) => (a ?? b) !== undefined),
    columns,
    { width, paint },
  );
}

/** `+75 %`, `−27 %`, from twice on `2.3×`. */
function changeOf(a: number | undefined, b: number | undefined): string {
  if (a === undefined || b === undefined || a === b) return "";
  if (a === 0) return "";
  const ratio = b / a;
  if (ratio >= 2) return `${ratio.toFixed(1)}×`;
  const share = Math.round(Math.abs(ratio - 1) * 100);
  return `${ratio > 1 ? "+" : "−"}${share === 0 ? "<1" : share} %`;
}

function* callLines({ a, b, rows }: ComparedCalls, { full }: CompareOptions, room: Room): Iterable<string> {
  const measure = (
    name: string,
    of: (call: CallMeasures) => number | undefined,
    show: Measure["show"],
  ): Measure => ({
    ...{ name, show, a: of(a), b: of(b) },
  });
  yield* measureLines(
    [
      measure("time", ({ durationMs }) => durationMs, duration),
      measure("first token", ({ firstTokenMs }) => firstTokenMs, duration),
      measure("tokens in", ({ usage }) => usage?.input, count),
      measure("of them cached", ({ usage }) => usage?.cachedRead, count),
      measure("tokens out", ({ usage }) => usage?.output, count),
      measure("cost", ({ costUsd }) => costUsd, dollars),
    ],
    room,
  );
  yield "";
  for (const row of rows) yield* callRowLines(row, full === true, room);
}

function callRowLines(row: CallRow, isFull: boolean, { width, paint }: Room): string[] {
  if (row.state === "same")
    return [paint("grey", `= ${sameInWords(row)}, about ${compact(row.tokens)} tokens`)];
  const limits = { width: width - 4, maxLines: isFull ? Number.POSITIVE_INFINITY : MAX_LINES };
  if (row.state === "changed") {
    const shown = isFull ? changedWords(row) : shortened(changedWords(row));
    return [
      paint("yellow", `~ ${pieceInWords(row.b, row.section)} changed`),
      ...wordLines(shown, limits, paint),
    ];
  }
  const [mark, color, where] =
    row.state === "only-a" ? (["-", "red", "A"] as const) : (["+", "green", "B"] as const);
  const text = wrapped(textOfPiece(row.piece.piece), limits).map((line) => `    ${line}`);
  return [paint(color, `${mark} ${pieceInWords(row.piece, row.section)}, only in ${where}`), ...text];
}

const MAX_LINES = 8;

function sameInWords({ section, pieces }: Extract<CallRow, { state: "same" }>): string {
  if (section === "system") return "the system prompt is the same";
  const noun = section === "tools" ? "tool" : section === "answer" ? "answer" : "piece of the messages";
  const plural = section === "messages" ? "pieces of the messages" : `${noun}s`;
  return `${count(pieces.length)} ${pieces.length === 1 ? noun : plural} the same`;
}

function pieceInWords({ piece, message }: PlacedPiece, section: CallRow["section"]): string {
  if (section === "system") return "system prompt";
  if (section === "answer") return "answer";
  if (piece.kind === "tool") return `tool ${words(piece.name ?? "", 60)}`;
  return piece.kind === "result"
    ? `${words(piece.name ?? "a tool", 60)}, result`
    : `message ${message + 1} (${words(piece.role, 20)})`;
}

/** What went in red behind `-`, what came in green behind `+`: each text on lines of its own. */
function wordLines(
  pieces: readonly WordPiece[],
  limits: { width: number; maxLines: number },
  paint: Paint,
): string[] {
  const side = (where: "a" | "b", mark: string, color: Color): string[] => {
    const text = pieces
      .filter((piece) => piece.in === "both" || piece.in === where)
      .map((piece) => (piece.in === "both" ? piece.text : `${OPEN[where]}${piece.text}${CLOSE[where]}`))
      .join("");
    return wrapped(text, limits).map((line, i) => `  ${paint(color, i === 0 ? mark : " ")} ${line}`);
  };
  return [...side("a", "-", "red"), ...side("b", "+", "green")];
}

/** As `git diff --word-diff` has them: seen without colours too. */
const OPEN = { a: "[-", b: "{+" };
const CLOSE = { a: "-]", b: "+}" };

/** What is the same is cut to some words around a change. */
function shortened(pieces: readonly WordPiece[]): WordPiece[] {
  return pieces.map((piece, i) => {
    if (piece.in !== "both" || piece.text.length <= 2 * AROUND + 1) return piece;
    const before = i === 0 ? "" : piece.text.slice(0, AROUND);
    const after = i === pieces.length - 1 ? "" : piece.text.slice(-AROUND);
    return {
      in: "both",
      text: `${before}…${after}`.replace(/[\ud800-\udbff]…/, "…").replace(/…[\udc00-\udfff]/, "…"),
    };
  });
}

const AROUND = 80;

type FoundSteps = Extract<Comparison, { readonly kind: "steps" }>;

function* stepLines(
  { compared, a, b, areInputsCompared }: FoundSteps,
  { full }: CompareOptions,
  room: Room,
): Iterable<string> {
  const measure = (
    name: string,
    of: (row: Summary) => number | undefined,
    show: Measure["show"],
  ): Measure => ({
    ...{ name, show, a: of(a), b: of(b) },
  });
  yield* measureLines(
    [
      measure("time", ({ durationMs }) => durationMs, duration),
      measure("model calls", ({ modelCalls }) => modelCalls, count),
      measure("tool calls", ({ toolCalls }) => toolCalls, count),
      measure("tokens in", ({ inputTokens }) => inputTokens, count),
      measure("tokens out", ({ outputTokens }) => outputTokens, count),
      measure("cost", ({ costUsd }) => costUsd, dollars),
      measure("errors", ({ errors }) => errors, count),
    ],
    room,
  );
  yield "";
  const { rows, divergence } = compared;
  if (divergence === undefined) yield room.paint("grey", `They did the same, ${count(rows.length)} steps.`);
  else yield room.paint("yellow", `They part at step ${count(divergence + 1)} of ${count(rows.length)}.`);
  if (!areInputsCompared)
    yield room.paint("grey", "There are too many steps to look at what they were called with.");
  const shown = full ? rows.map((row, at) => ({ row, at })) : differing(rows, divergence);
  if (shown.length > 0) yield* table(shown, STEP_COLUMNS, room);
}

interface Shown {
  readonly row: StepRow;
  readonly at: number;
}

/** What differs, and one step before each. */
function differing(rows: readonly StepRow[], divergence: number | undefined): Shown[] {
  if (divergence === undefined) return [];
  const isShown = (at: number): boolean =>
    rows[at]?.state !== "same" || (at + 1 < rows.length && rows[at + 1]?.state !== "same");
  return rows.map((row, at) => ({ row, at })).filter(({ at }) => isShown(at));
}

const MARKS: Readonly<Record<StepRow["state"], string>> = {
  same: "=",
  changed: "~",
  moved: "↕",
  "only-a": "-",
  "only-b": "+",
};
const MARK_COLORS: Readonly<Record<StepRow["state"], Color>> = {
  ...{ same: "grey", changed: "yellow", moved: "yellow", "only-a": "red", "only-b": "green" },
};

const STEP_COLUMNS: readonly Column<Shown>[] = [
  { title: "step", cell: ({ at }) => count(at + 1), align: "right", color: () => "grey" },
  { title: "", cell: ({ row }) => MARKS[row.state], color: ({ row }) => MARK_COLORS[row.state] },
  { title: "A", cell: ({ row: { a } }) => stepText(a), max: 44 },
  { title: "time", cell: ({ row: { a } }) => timeText(a), align: "right", goes: 2 },
  { title: "B", cell: ({ row: { b } }) => stepText(b), flexible: true },
  { title: "time", cell: ({ row: { b } }) => timeText(b), align: "right", goes: 3 },
  {
    title: "",
    cell: ({ row }) => (row.isRepeat ? "again" : row.state === "moved" ? "moved" : ""),
    color: () => "yellow",
    goes: 1,
  },
];

function stepText(step: StepRow["a"]): string {
  if (step === undefined) return "";
  const { outline, name, input } = step;
  const isModel = outline.facts.kind === "model-call";
  const failed = outline.facts.failed === true ? "✗ " : "";
  const shown = isModel ? `model ${outline.facts.model ?? ""}` : `${name} ${input ?? ""}`;
  return words(`${failed}${shown}`, 120);
}

function timeText(step: StepRow["a"]): string {
  return step?.durationMs === undefined ? "" : duration(step.durationMs);
}
