// Which dialog is open: the search, the help of keys, or that of a price.
import { type Signal, signal } from "@preact/signals";

/** The search for words. */
export const isSearchOpen: Signal<boolean> = signal(false);

/** The keys. */
export const isHelpOpen: Signal<boolean> = signal(false);

/** How to give a price: the model that it is for. */
export const priced: Signal<string | undefined> = signal(undefined);
