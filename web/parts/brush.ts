// A part of a time axis that is chosen by dragging along it.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { drag } from "../app/drag.ts";

/** A part of an axis: shares of its length. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/** Dragging along a box, which gets `box` as its ref. `chosen` is told the part once the drag has ended. */
export function useBrush(chosen: (part: Part) => void): {
  readonly box: { current: HTMLDivElement | null };
  /** The part that is being dragged; undefined while none is. */
  readonly part: Part | undefined;
  /** Begins where the pointer was pressed, or at an edge that stays: the other one follows. */
  readonly begin: (down: PointerEvent, anchor?: number) => void;
} {
  const box = useRef<HTMLDivElement>(null);
  const part = useSignal<Part | undefined>(undefined);
  const shareAt = ({ clientX }: PointerEvent): number => {
    const { left, width } = box.current?.getBoundingClientRect() ?? { left: 0, width: 1 };
    return Math.min(1, Math.max(0, (clientX - left) / width));
  };
  const begin = (down: PointerEvent, anchor: number = shareAt(down)): void =>
    drag(down, {
      moved: (event) => {
        const other = shareAt(event);
        part.value = { from: Math.min(anchor, other), to: Math.max(anchor, other) };
      },
      ended: () => {
        if (part.value !== undefined) chosen(part.value);
        part.value = undefined;
      },
    });
  return { box, part: part.value, begin };
}
