// Which dialog is open: the search, or the help of keys.
import { type Signal, signal } from "@preact/signals";

/** The search for words. */
export const isSearchOpen: Signal<boolean> = signal(false);

/** The keys. */
export const isHelpOpen: Signal<boolean> = signal(false);
