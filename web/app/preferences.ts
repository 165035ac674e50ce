// What a reader chose for this browser: theme, zone and the sizes of panels. Not in the URL.
import { effect, type Signal, signal } from "@preact/signals";

/** In which zone times are shown. */
export type Zone = "local" | "utc";

/** Light or dark; undefined is what the system prefers. */
export type Theme = "light" | "dark" | undefined;

/** The zone that times are shown in. */
export const zone: Signal<Zone> = signal(read("zone") === "utc" ? "utc" : "local");

/** The theme that was chosen. */
export const theme: Signal<Theme> = signal(themeIn(read("theme")));

effect(() => write("zone", zone.value));
effect(() => {
  write("theme", theme.value);
  if (theme.value === undefined) delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
});

/** Turns to the other theme than the one that is seen. */
export function turnTheme(): void {
  theme.value = isDark() ? "light" : "dark";
}

/** Turns between local time and UTC. */
export function turnZone(): void {
  zone.value = zone.value === "utc" ? "local" : "utc";
}

/** A size that the reader dragged, by its name, in pixels; undefined where it is the design's. */
export function sizeOf(name: string): number | undefined {
  const size = Number(read(`size.${name}`));
  return Number.isFinite(size) && size > 0 ? size : undefined;
}

/** Keeps a size; undefined forgets it. */
export function keepSize(name: string, size: number | undefined): void {
  write(`size.${name}`, size === undefined ? undefined : String(Math.round(size)));
}

function isDark(): boolean {
  if (theme.value !== undefined) return theme.value === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function themeIn(text: string | undefined): Theme {
  return text === "light" || text === "dark" ? text : undefined;
}

// A browser may keep nothing, or forbid it: the page works without.
function read(name: string): string | undefined {
  try {
    return localStorage.getItem(`tracelight.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`tracelight.${name}`);
    else localStorage.setItem(`tracelight.${name}`, value);
  } catch {
    // Nothing is kept then.
  }
}
