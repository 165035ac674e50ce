// Of which time rows are shown: a few spans of time, or one that was dragged or typed.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { clock, shortDay } from "../app/moments.ts";
import { Icon } from "../parts/icon.tsx";

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
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen.value) return undefined;
    box.current
      ?.querySelector<HTMLElement>("[role=menuitemradio][aria-checked=true], [role=menuitemradio]")
      ?.focus();
    const left = ({ target }: Event): void => {
      if (target instanceof Node && !box.current?.contains(target)) isOpen.value = false;
    };
    addEventListener("pointerdown", left);
    return () => removeEventListener("pointerdown", left);
  }, [isOpen.value]);
  const close = (): void => {
    isOpen.value = false;
    box.current?.querySelector("button")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitemradio]") ?? [])];
    const at = items.findIndex((item) => item.matches(":focus"));
    if (event.key === "Escape" && isOpen.value) close();
    else if (event.key === "ArrowDown" && isOpen.value) items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp" && isOpen.value) items.at(at - 1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="menu" ref={box} onKeyDown={onKeyDown}>
      <button
        class="btn"
        type="button"
        aria-haspopup="menu"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        {rangeName(props.since, props.until)}
        <Icon name="down" />
      </button>
      {isOpen.value && (
        <div class="pop" role="menu" aria-label="Time range">
          {RANGES.map(([since, name]) => (
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
          ))}
        </div>
      )}
    </div>
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
