// Of which time rows are shown: a few spans of time, or one that was dragged or typed.
import type { JSX } from "preact";
import { clock, shortDay } from "../app/moments.ts";
import { Menu } from "../parts/menu.tsx";

/** Stands for no beginning. */
export const ALL_TIMES = "all";

/** The times that the menu offers. */
export const RANGES: readonly (readonly [since: string, name: string])[] = [
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  [ALL_TIMES, "All times"],
];

/** The button with the menu. */
export function RangeMenu(props: {
  readonly since: string;
  readonly until: string;
  readonly onChoose: (range: { readonly since: string; readonly until: string }) => void;
}): JSX.Element {
  return (
    <Menu name="Time range" button={rangeName(props.since, props.until)}>
      {(close) =>
        RANGES.map(([since, name]) => (
          <button
            key={since}
            class="opt"
            type="button"
            role="menuitemradio"
            aria-checked={props.until === "" && props.since === since}
            onClick={() => {
              close();
              props.onChoose({ since, until: "" });
            }}
          >
            {name}
          </button>
        ))
      }
    </Menu>
  );
}

/** `Last 24 hours`, `15:34 to 21:19`. */
export function rangeName(since: string, until: string): string {
  const known = RANGES.find(([value]) => value === since);
  if (until === "" && known !== undefined) return known[1];
  const [from, to] = [Date.parse(since), Date.parse(until)];
  if (Number.isNaN(from) || Number.isNaN(to)) return until === "" ? `Since ${since}` : `${since} to ${until}`;
  const isOneDay = shortDay(from) === shortDay(to);
  const at = (time: number): string => `${isOneDay ? "" : `${shortDay(time)} `}${clock(time, "minutes")}`;
  return `${at(from)} to ${at(to)}`;
}
