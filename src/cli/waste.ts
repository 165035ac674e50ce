// What was read again although it had been cached, by cause: the last part of `tracelight stats`.
import type { WasteRow } from "../conventions/context/waste.ts";
import type { WasteReport } from "../tracing/waste.ts";
import type { Context } from "./context.ts";
import { compact, count, counted, dollars } from "./format.ts";
import { type Column, table } from "./table.ts";

/** The table, and what was looked at for it; nothing where nothing was wasted. */
export function* wasteLines(report: WasteReport, { output: { paint, width } }: Context): Iterable<string> {
  const { rows, leftOut } = report;
  if (rows.length === 0 && leftOut === 0) return;
  yield "";
  if (rows.length > 0) yield* table(rows, columnsOf(rows), { paint, width });
  yield paint("grey", lookedAt(report));
}

function columnsOf(rows: readonly WasteRow[]): Column<WasteRow>[] {
  const right = { align: "right" } as const;
  return [
    { title: "cache broken by", cell: ({ cause }) => cause, flexible: true },
    { title: "calls", cell: ({ calls }) => count(calls), ...right },
    { title: "conversations", cell: ({ conversations }) => count(conversations), goes: 1, ...right },
    { title: "read again", cell: ({ tokens }) => compact(tokens), ...right },
    ...(rows.some(({ wastedUsd }) => wastedUsd !== undefined)
      ? [{ title: "waste", cell: waste, ...right }]
      : []),
  ];
}

function waste({ wastedUsd, unpricedCalls }: WasteRow): string {
  if (wastedUsd === undefined) return "";
  return unpricedCalls === 0 ? dollars(wastedUsd) : `${dollars(wastedUsd)} +`;
}

/** `In the newest 100 conversations, older ones not looked at; …` */
function lookedAt({ lookedAt: all, leftOut, more }: WasteReport): string {
  const where = more ? `In the newest ${counted(all, "conversation")}` : `In ${counted(all, "conversation")}`;
  const left =
    leftOut === 0
      ? ""
      : `, without ${count(leftOut)} that ${leftOut === 1 ? "is" : "are"} too long to be read for it`;
  return `${where}${left}. tracelight context ID has the calls.`;
}
