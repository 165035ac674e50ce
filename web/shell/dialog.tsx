// A dialog over the page: what is below cannot be used, Escape closes it, and the focus goes back.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useKeys } from "../app/keys.ts";
import { isExported } from "../app/source.ts";
import { isSearchOpen } from "./dialogs.ts";

/** A modal dialog; it is open while it is there. */
export function Dialog(props: {
  readonly id: string;
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const toSearch = (): void => {
    props.onClose();
    isSearchOpen.value = !isExported;
  };
  useKeys({ Escape: props.onClose, "Ctrl+k": toSearch }, { isModal: true });
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      id={props.id}
      aria-label={props.label}
      onClose={props.onClose}
      onClick={(event) => {
        if (event.target === dialog.current) props.onClose();
      }}
    >
      {props.children}
    </dialog>
  );
}
