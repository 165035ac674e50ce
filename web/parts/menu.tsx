// A button with a menu: arrows move in it, Esc and a press elsewhere close it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useKeys } from "../app/keys.ts";
import { Icon } from "./icon.tsx";

const ITEMS = "[role^=menuitem]";

/** The button with the menu. */
export function Menu(props: {
  /** Names the menu. */
  readonly name: string;
  /** What the button says. */
  readonly button: ComponentChildren;
  /** The items, each with a role of a menu's; `close` closes the menu. */
  readonly children: (close: () => void) => ComponentChildren;
}): JSX.Element {
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  // Before it is seen: a key that is pressed then is not undone.
  useLayoutEffect(() => {
    if (!isOpen.value) return undefined;
    const chosen = box.current?.querySelector<HTMLElement>(`${ITEMS}[aria-checked=true]`);
    (chosen ?? box.current?.querySelector<HTMLElement>(ITEMS))?.focus();
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
  // What is below does not hear of keys while the menu is open.
  useKeys(isOpen.value ? { Escape: close } : {}, { isModal: isOpen.value });
  const onKeyDown = (event: KeyboardEvent): void => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>(ITEMS) ?? [])];
    const at = items.findIndex((item) => item.matches(":focus"));
    if (event.key === "ArrowDown" && isOpen.value) items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp" && isOpen.value) items.at(at - 1)?.focus();
    else if (event.key === "Home" && isOpen.value) items[0]?.focus();
    else if (event.key === "End" && isOpen.value) items.at(-1)?.focus();
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
        {props.button}
        <Icon name="down" />
      </button>
      {isOpen.value && (
        <div class="pop" role="menu" aria-label={props.name}>
          {props.children(close)}
        </div>
      )}
    </div>
  );
}
