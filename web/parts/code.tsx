// A piece of code to be copied.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "./icon.tsx";

const SAID_MS = 1500;

/** Code with a button that copies it. */
export function Code({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="code">
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} />
    </div>
  );
}

/** A button that copies a text, and says so. */
function CopyButton({ text }: { readonly text: string }): JSX.Element {
  const isCopied = useSignal(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard?.writeText(text);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, SAID_MS);
  };
  return (
    <button class="btn" type="button" onClick={() => void copy()}>
      <Icon name={isCopied.value ? "check" : "copy"} />
      <span>{isCopied.value ? "Copied" : "Copy"}</span>
    </button>
  );
}
