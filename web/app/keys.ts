// The keyboard: one list of what keys do, for acting and for the help. No key acts while typing, but Esc and Ctrl K.
import { useLayoutEffect, useRef } from "preact/hooks";

/** What keys do, by key: `j`, `Shift+ArrowLeft`, `Ctrl+k`, or two in a row: `g c`. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** The longest pause between two keys in a row. */
const PAUSE_MS = 1000;
const layers: { readonly keys: Keys; readonly isModal: boolean }[] = [];
let before = { key: "", at: 0 };

/** These keys act while the component is there. Where two have the same key, the later one does. */
export function useKeys(keys: Keys, { isModal = false }: { readonly isModal?: boolean } = {}): void {
  const latest = useRef(keys);
  latest.current = keys;
  // Before anything is painted: a key pressed at what is seen acts.
  useLayoutEffect(() => {
    const layer = {
      get keys() {
        return latest.current;
      },
      isModal,
    };
    layers.push(layer);
    return () => void layers.splice(layers.indexOf(layer), 1);
  }, [isModal]);
}

/** Listens to the keyboard. Called once. */
export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const key = nameOf(event);
    if (isTyping(event.target) && key !== "Escape" && key !== "Ctrl+k") return;
    if (key === "Enter" && isPressed(event.target)) return;
    const isSoon = event.timeStamp - before.at < PAUSE_MS;
    const act = (isSoon ? actOf(`${before.key} ${key}`) : undefined) ?? actOf(key);
    before = { key, at: event.timeStamp };
    if (act === undefined) return scrollView(event, key);
    event.preventDefault();
    act(event);
  });
}

/** A view that fills the window has a part that scrolls in the place of the document, which these keys scroll by themselves only once it has the focus. */
function scrollView({ target, shiftKey }: KeyboardEvent, key: string): void {
  if (target !== document.body) return;
  const box = document.querySelector("[data-scrolls]");
  const page = PAGES[key === " " && shiftKey ? "PageUp" : key];
  if (box !== null && page !== undefined) box.scrollBy(0, page * box.clientHeight);
}

/** How far keys scroll. */
const PAGES: Readonly<Record<string, number>> = {
  ...{ " ": 0.9, PageDown: 0.9, PageUp: -0.9 },
  ...{ End: Number.MAX_SAFE_INTEGER, Home: -Number.MAX_SAFE_INTEGER },
};

function actOf(key: string): ((event: KeyboardEvent) => void) | undefined {
  for (const { keys, isModal } of layers.toReversed()) {
    if (Object.hasOwn(keys, key)) return keys[key];
    if (isModal) return undefined;
  }
  return undefined;
}

/** Letters as they are typed; Shift is said only of keys that type nothing. */
function nameOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): string {
  const isNamed = key.length > 1;
  const held = [(ctrlKey || metaKey) && "Ctrl", altKey && "Alt", shiftKey && isNamed && "Shift"].filter(
    (name) => name !== false,
  );
  return [...held, held.includes("Ctrl") && !isNamed ? key.toLowerCase() : key].join("+");
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  return target.isContentEditable || /^(?:TEXTAREA|SELECT)$/.test(target.tagName);
}

/** What Enter presses itself: a button, and a link that is not the name of a row. */
function isPressed(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  const pressed = target.closest("button, summary, a[href]");
  return pressed !== null && !(pressed.tagName === "A" && pressed.closest("[role=row]") !== null);
}

/** The help: groups of keys with what they do. */
export const HELP: readonly (readonly [
  group: string,
  keys: readonly (readonly [key: string, what: string])[],
])[] = [
  [
    "Anywhere",
    [
      ["Ctrl+K", "search words"],
      ["/", "to the filter, or find here"],
      ["g c", "conversations"],
      ["g x", "compare"],
      ["g n", "numbers"],
      ["z", "UTC or local time"],
      ["t", "light or dark"],
      ["p", "live: pause or go on"],
      ["y", "copy a link to this"],
      ["Esc", "close, then back"],
    ],
  ],
  [
    "Lists and trees",
    [
      ["j k", "next, previous"],
      ["↑ ↓", "the same"],
      ["Enter", "open, or compare two"],
      ["x", "mark for Compare"],
      ["n", "show what is new"],
      ["Home End", "first, last"],
    ],
  ],
  [
    "Conversation",
    [
      ["[ ]", "turn before, after"],
      ["j k", "call before, after"],
      ["o", "open or fold all tools"],
      ["v", "chat or timeline"],
      ["d", "compare with the call before"],
    ],
  ],
  [
    "Timeline",
    [
      ["← →", "fold, unfold"],
      ["Shift+←", "fold all, or Shift+→"],
      ["e E", "next, previous error"],
      ["c", "critical path"],
      ["m", "time or steps"],
      ["w s", "zoom in, out"],
      ["a d", "earlier, later"],
      ["f", "zoom to the span"],
      ["0", "fit"],
      ["v", "chat or timeline"],
    ],
  ],
  [
    "Compare",
    [
      ["j k", "next, previous difference"],
      ["a b", "choose A or B"],
      ["s", "swap them"],
      ["h", "only differences"],
    ],
  ],
];
