// What is seen of a trace, as the URL says it: the span, its tab, hidden kinds, the window and the scale.
import { change, param } from "../app/location.ts";
import { SHOWN_KINDS, type ShownKind } from "./kinds.ts";
import { type ScaleName, WHOLE, type Window } from "./scale.ts";

/** What the second column of numbers shows. */
export type Column = "self" | "tokens" | "cost";

const COLUMNS: readonly Column[] = ["self", "tokens", "cost"];

/** The column that a press turns to. */
export function columnAfter(column: Column): Column {
  return COLUMNS[(COLUMNS.indexOf(column) + 1) % COLUMNS.length] ?? "self";
}

/** What is seen of a trace. */
export interface TraceQuery {
  readonly span: string;
  readonly tab: string;
  readonly hidden: ReadonlySet<ShownKind>;
  readonly window: Window;
  readonly scale: ScaleName;
  readonly hasPath: boolean;
  readonly column: Column;
}

/** The state of the URL. */
export function traceQuery(): TraceQuery {
  const hide = param("hide").split(",");
  const [from, to] = [Number(param("from") || 0), Number(param("to") || 1)];
  const column = param("column");
  return {
    ...{ span: param("span"), tab: param("tab") },
    hidden: new Set(SHOWN_KINDS.filter((kind) => hide.includes(kind))),
    window: from >= 0 && to <= 1 && from < to ? { from, to } : WHOLE,
    scale: param("scale") === "steps" ? "steps" : "time",
    hasPath: param("path") !== "off",
    column: column === "tokens" || column === "cost" ? column : "self",
  };
}

/** Changes the state of the URL. */
export function changeTrace(to: Partial<TraceQuery>): void {
  const { window } = to;
  change({
    ...(to.span !== undefined && { span: to.span }),
    ...(to.tab !== undefined && { tab: to.tab }),
    ...(to.hidden !== undefined && { hide: [...to.hidden].join(",") }),
    ...(window !== undefined && {
      from: window.from === 0 ? "" : window.from.toFixed(6),
      to: window.to === 1 ? "" : window.to.toFixed(6),
    }),
    ...(to.scale !== undefined && { scale: to.scale === "steps" ? "steps" : "" }),
    ...(to.hasPath !== undefined && { path: to.hasPath ? "" : "off" }),
    ...(to.column !== undefined && { column: to.column === "self" ? "" : to.column }),
  });
}
