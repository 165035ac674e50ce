// Below the last row: that it was the last, and where there is more; or why there is none.
import type { JSX } from "preact";
import { conditionsIn } from "../filter/filter-text.ts";
import { RANGES, rangeName } from "../filter/range-menu.tsx";
import { changeList, DEFAULT_SINCE, type ListQuery } from "./query.ts";

/** The line. */
export function End({
  query,
  isEmpty,
}: {
  readonly query: ListQuery;
  readonly isEmpty: boolean;
}): JSX.Element {
  const name = rangeName(query.since, query.until);
  const at = RANGES.findIndex(([since]) => since === query.since);
  const [longer] = query.until === "" ? RANGES.slice(at + 1) : [];
  const more =
    query.until !== "" ? (
      <button class="morel" type="button" onClick={() => changeList({ since: DEFAULT_SINCE, until: "" })}>
        Clear the range
      </button>
    ) : longer === undefined ? null : (
      <button class="morel" type="button" onClick={() => changeList({ since: longer[0] })}>
        {isEmpty ? "Look in" : "Show"} {longer[1].toLowerCase().replace(/^last/, "the last")}
      </button>
    );
  return (
    <div class="end">
      {isEmpty ? `Nothing in ${inWords(name)}.` : `That is all of ${inWords(name)}.`} {more}
      {isEmpty &&
        conditionsIn(query.where).map(({ text, without }) => (
          <button key={text} class="morel" type="button" onClick={() => changeList({ where: without })}>
            Without {text}
          </button>
        ))}
      {isEmpty && query.where !== "" && (
        <button class="morel" type="button" onClick={() => changeList({ where: "" })}>
          Clear the filter
        </button>
      )}
      {isEmpty && query.only !== "" && (
        <button class="morel" type="button" onClick={() => changeList({ only: "" })}>
          Show all, not only {query.only === "failed" ? "those with errors" : query.only}
        </button>
      )}
    </div>
  );
}

function inWords(range: string): string {
  if (range === "All times") return "all times";
  return range.startsWith("Last") ? `the ${range.toLowerCase()}` : range;
}
