// Which of many things of one size are near what is seen: the others are not on the page.
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";

/** Things `from` up to, not including, `to`. */
export interface InView {
  readonly from: number;
  readonly to: number;
}

/** So many before and behind what is seen are on the page too. */
const BEYOND = 10;

/** What of `count` things of so many pixels, one behind the other in the box, is near: down the window, or along what the box scrolls in. */
export function useInView(
  box: { readonly current: HTMLElement | null },
  { count, size, along = "y" }: { readonly count: number; readonly size: number; readonly along?: "x" | "y" },
): InView {
  const range = useSignal<InView>({ from: 0, to: 60 });
  const look = (): void => {
    if (box.current === null) return;
    const [start, end] = along === "y" ? downIn(box.current) : acrossIn(box.current);
    const from = Math.max(0, Math.floor(start / size) - BEYOND);
    const to = Math.ceil(end / size) + BEYOND;
    if (from !== range.value.from || to !== range.value.to) range.value = { from, to };
  };
  useLayoutEffect(look, [count, size]);
  useEffect(() => {
    // What scrolls may be the window or anything around the box.
    const options = { capture: true, passive: true } as const;
    addEventListener("scroll", look, options);
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look, options);
      removeEventListener("resize", look);
    };
  }, [count, size]);
  const { from, to } = range.value;
  return { from: Math.min(from, Math.max(0, count - 1)), to: Math.min(to, count) };
}

function downIn(box: HTMLElement): [start: number, end: number] {
  const { top } = box.getBoundingClientRect();
  return [-top, innerHeight - top];
}

function acrossIn(box: HTMLElement): [start: number, end: number] {
  const { left } = box.getBoundingClientRect();
  const scroller = box.parentElement?.getBoundingClientRect();
  return scroller === undefined ? [0, innerWidth] : [scroller.left - left, scroller.right - left];
}
