// The panel beside a view, as the keyboard asks for it.
import { type Signal, signal } from "@preact/signals";

/** True where a narrow window shows the sheet of the panel, not only its edge. */
export const isSheetOpen: Signal<boolean> = signal(false);

/** True until what the panel is about to show has the focus: Enter may be pressed before it has come. */
export const isPanelWanted: Signal<boolean> = signal(false);

/** Opens the panel, and gives it the focus as soon as it is there. */
export function enterPanel(): void {
  isSheetOpen.value = true;
  isPanelWanted.value = true;
}
