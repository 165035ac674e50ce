// What the list shows, as the URL says it.
import type { OverviewParams, RowsParams } from "../../src/viewer/api.ts";
import { change, param } from "../app/location.ts";
import { ALL_TIMES } from "../filter/range-menu.tsx";

/** What the rows are about. */
export type Subject = "conversation" | "trace";

/** Which rows are shown. */
export interface ListQuery {
  readonly by: Subject;
  readonly where: string;
  readonly since: string;
  readonly until: string;
  /** Of the toggles above the list, the one that is pressed. */
  readonly only: "" | "failed" | "running" | "interrupted";
}

/** Rows of the last day, unless the URL says otherwise. */
export const DEFAULT_SINCE = "24h";

/** The query of the URL. */
export function listQuery(): ListQuery {
  const only = param("only");
  return {
    by: param("by") === "trace" ? "trace" : "conversation",
    where: param("q"),
    since: param("since") || DEFAULT_SINCE,
    until: param("until"),
    only: only === "failed" || only === "running" || only === "interrupted" ? only : "",
  };
}

/** Changes what the URL says. */
export function changeList(to: Partial<ListQuery>): void {
  const { where, since, ...rest } = to;
  change({
    ...(where !== undefined && { q: where }),
    ...(since !== undefined && { since: since === DEFAULT_SINCE ? "" : since }),
    ...(rest.by !== undefined && { by: rest.by === "trace" ? "trace" : "" }),
    ...(rest.until !== undefined && { until: rest.until }),
    ...(rest.only !== undefined && { only: rest.only }),
  });
}

/** The same as the server takes it. */
export function asked({ by, where, since, until, only }: ListQuery): RowsParams & OverviewParams {
  return {
    by,
    ...(where !== "" && { where }),
    ...(since !== ALL_TIMES && { since }),
    ...(until !== "" && { until }),
    ...(only === "failed" && { failed: "1" }),
    ...((only === "running" || only === "interrupted") && { state: only }),
  };
}
