// How much time a bar of the charts stands for.
import type { JSX } from "preact";
import type { SeriesJson } from "../../src/viewer/api.ts";
import { time } from "../app/figures.ts";
import { Menu } from "../parts/menu.tsx";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const BARS: readonly (readonly [bar: string, seconds: number, name: string])[] = [
  ["1m", MINUTE, "1 minute"],
  ["5m", 5 * MINUTE, "5 minutes"],
  ["30m", 30 * MINUTE, "30 minutes"],
  ["1h", HOUR, "1 hour"],
  ["4h", 4 * HOUR, "4 hours"],
  ["1d", DAY, "1 day"],
  ["1w", 7 * DAY, "1 week"],
];

/** The bars of the times that the menu of ranges has, unless others are chosen. */
const OF_RANGE: Readonly<Record<string, string>> = { "1h": "1m", "24h": "30m", "7d": "4h", "30d": "1d" };

/** The server has no more. */
const MOST = 200;

/** The seconds of a bar: those that were chosen, or those of the range; undefined where nothing says. */
export function secondsOf(
  bar: string,
  { since, until }: { readonly since: string; readonly until: string },
): number | undefined {
  const wanted = bar || (until === "" ? OF_RANGE[since] : undefined);
  return BARS.find(([name]) => name === wanted)?.[1];
}

/** The button with the menu. */
export function BarMenu(props: {
  readonly series: Pick<SeriesJson, "bucket_ms" | "turns">;
  readonly onChoose: (bar: string) => void;
}): JSX.Element {
  const { bucket_ms: ms, turns } = props.series;
  const all = ms * turns.length;
  const shown = BARS.find(([, seconds]) => seconds * 1000 === ms);
  return (
    <Menu name="Time of a bar" button={`${shown?.[2] ?? time(ms)} a bar`}>
      {(close) =>
        BARS.filter(([, seconds]) => seconds * 1000 < all && all / 1000 / seconds <= MOST).map(
          ([bar, , name]) => (
            <button
              key={bar}
              class="opt"
              type="button"
              role="menuitemradio"
              aria-checked={bar === shown?.[0]}
              onClick={() => {
                close();
                props.onChoose(bar);
              }}
            >
              {name}
            </button>
          ),
        )
      }
    </Menu>
  );
}
