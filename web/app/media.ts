// What the window is like, as the style sheet asks it.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Rows have two lines, and the panel beside a view is a sheet. */
export const NARROW = "(max-width: 719px)";

/** The panel beside a view docks at the bottom. */
export const DOCKED = "(max-width: 1179px)";

/** Whether it holds; the component is drawn anew where that changes. */
export function useMedia(query: string): boolean {
  const holds = useSignal(matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const turned = (): void => {
      holds.value = media.matches;
    };
    media.addEventListener("change", turned);
    return () => media.removeEventListener("change", turned);
  }, [query]);
  return holds.value;
}
