// `toMatchTrace`: whether an agent does what it did when its golden trace was kept, and what it does instead, step by step.
import { align } from "../../conventions/compare/alignment.ts";
import { wordDiff } from "../../conventions/compare/words.ts";
import { canonicalJson } from "../../model/values.ts";
import { oneLine } from "../../render/text.ts";
import type { Finding } from "../assertions/finding.ts";
import type { TraceView } from "../assertions/view.ts";
import { runner } from "../runner.ts";
import { goldenPath, readGolden, writeGolden } from "./golden-file.ts";
import type { NoiseRules } from "./noise.ts";
import { goldenSteps } from "./normal.ts";
import type { GoldenStep } from "./step.ts";
import { inWords } from "./word-marks.ts";

/** How a trace is matched with its golden one. */
export interface MatchTraceOptions extends NoiseRules {
  /** The file that the test is in, as a path or `import.meta.url`: the golden trace lies in `__traces__` beside it. Vitest and jest say it. */
  readonly testFile?: string | URL | undefined;
  /** `true` writes the golden trace anew. Default: what the test runner's own flag for snapshots says. */
  readonly update?: boolean | undefined;
}

/** Compares a trace with its golden one, which is written where it may be. */
export function toMatchTrace(view: TraceView, name: string, options: MatchTraceOptions = {}): Finding {
  const path = goldenPath(name, options.testFile);
  const actual = goldenSteps(view, options);
  const golden = readGolden(path);
  const updates = options.update === undefined ? runner().updates() : options.update ? "all" : "none";
  const rows = rowsOf(golden ?? [], actual);
  const isSame = golden !== undefined && rows.every(({ state }) => state === "same");
  const isWritten = !isSame && (updates === "all" || (updates === "new" && golden === undefined));
  if (isWritten) writeGolden(path, actual);
  return {
    holds: isSame || isWritten,
    expected: `the trace to match "${name}"`,
    unexpected: `the trace not to match "${name}"`,
    because: golden === undefined ? [`There is no ${path} yet.`] : [causeOf(rows, golden.length)],
    marked: [],
    body: [...(golden === undefined ? [] : bodyOf(rows)), `Write it anew: ${runner().command}`],
  };
}

type Row =
  | { readonly state: "same"; readonly step: GoldenStep }
  | { readonly state: "changed"; readonly golden: GoldenStep; readonly step: GoldenStep }
  | { readonly state: "missing" | "new"; readonly step: GoldenStep };

function rowsOf(golden: readonly GoldenStep[], actual: readonly GoldenStep[]): Row[] {
  return align(
    golden.map((step) => canonicalJson(step)),
    actual.map((step) => canonicalJson(step)),
  ).flatMap(({ isSame, a: [aFrom, aTo], b: [bFrom, bTo] }): Row[] =>
    isSame
      ? actual.slice(bFrom, bTo).map((step) => ({ state: "same", step }) as const)
      : changedRows(golden.slice(aFrom, aTo), actual.slice(bFrom, bTo)),
  );
}

/** Where steps are not the same, those of the same kind and name stand beside each other. */
function changedRows(golden: readonly GoldenStep[], actual: readonly GoldenStep[]): Row[] {
  const label = ({ step, depth }: GoldenStep): string => `${depth} ${step}`;
  return align(golden.map(label), actual.map(label)).flatMap(
    ({ isSame, a: [aFrom, aTo], b: [bFrom, bTo] }): Row[] => {
      const [before, after] = [golden.slice(aFrom, aTo), actual.slice(bFrom, bTo)];
      if (!isSame)
        return [
          ...before.map((step) => ({ state: "missing", step }) as const),
          ...after.map((step) => ({ state: "new", step }) as const),
        ];
      return before.flatMap((one, i): Row[] => {
        const step = after[i];
        return step === undefined ? [] : [{ state: "changed", golden: one, step }];
      });
    },
  );
}

function causeOf(rows: readonly Row[], steps: number): string {
  const at = rows.findIndex(({ state }) => state !== "same");
  const row = rows[at];
  if (row === undefined) return `All ${steps} steps are the same.`;
  const where = `Step ${at + 1}, ${oneLine(row.step.step, MAX_NAME)},`;
  if (row.state === "missing") return `${where} was not done.`;
  if (row.state === "new") return `${where} was done, and is not in the golden trace.`;
  return `${where} differs in ${row.state === "changed" ? changedFields(row.golden, row.step).join(", ") : ""}.`;
}

function changedFields(a: GoldenStep, b: GoldenStep): string[] {
  const names = [...new Set([...Object.keys(a.fields), ...Object.keys(b.fields)])];
  return names.filter((name) => textOf(a.fields[name]) !== textOf(b.fields[name]));
}

/** What is the same is told around what is not. */
function bodyOf(rows: readonly Row[]): string[] {
  const lines: string[] = [];
  let left = 0;
  for (const [i, row] of rows.entries()) {
    const isNear = [i - 1, i, i + 1].some((at) => (rows[at]?.state ?? "same") !== "same");
    if (!isNear) {
      left++;
      continue;
    }
    if (left > 0) lines.push(`  = ${left} the same`);
    left = 0;
    lines.push(...rowLines(row));
    if (lines.length > MAX_LINES)
      return [...lines.slice(0, MAX_LINES), `  … ${rows.length - i - 1} steps more`];
  }
  if (left > 0) lines.push(`  = ${left} the same`);
  return lines;
}

const MAX_LINES = 30;
const MARKS = { same: "=", changed: "~", missing: "-", new: "+" } as const;

function rowLines(row: Row): string[] {
  const { step, depth } = row.step;
  const indent = "  ".repeat(Math.min(depth, 20));
  const line = `${MARKS[row.state]} ${indent}${oneLine(step, MAX_NAME)}`;
  if (row.state !== "changed") return [line];
  const changed = changedFields(row.golden, row.step).slice(0, MAX_FIELDS);
  return [
    line,
    ...changed.map((name) => {
      const pieces = wordDiff(textOf(row.golden.fields[name]), textOf(row.step.fields[name]));
      return `  ${indent}  ${name}: ${oneLine(inWords(pieces), MAX_DIFFERENCE)}`;
    }),
  ];
}

const MAX_NAME = 80;
const MAX_FIELDS = 6;
const MAX_DIFFERENCE = 400;

function textOf(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : canonicalJson(value);
}
