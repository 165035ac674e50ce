// All tools of the page at once: `o` opens them, and again folds them.
import { type Signal, signal } from "@preact/signals";

/** Whether tools are open; they follow it once it was asked for. */
export const openTools: Signal<{ readonly isOpen: boolean; readonly presses: number }> = signal({
  isOpen: false,
  presses: 0,
});

/** Opens or folds all. */
export function turnTools(): void {
  openTools.value = { isOpen: !openTools.value.isOpen, presses: openTools.value.presses + 1 };
}
