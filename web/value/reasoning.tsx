// What a model thought before it spoke: one folded line with its beginning.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { bounded, count } from "../app/figures.ts";
import { Icon } from "../parts/icon.tsx";
import { type OfSpan, Value } from "./value.tsx";

/** The line; open, all of it below. */
export function Reasoning(props: {
  readonly value: unknown;
  readonly of: OfSpan;
  /** 0 where it is not known. */
  readonly tokens?: number;
}): JSX.Element {
  const { value, of, tokens = 0 } = props;
  const isOpen = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="reason"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="chev" class="chev" />
        Reasoning
        <span class="mute cut">
          {!isOpen.value && typeof value === "string" && bounded(value.replace(/\s+/g, " "), 92)}
        </span>
        <span class="mute num">{tokens > 0 && `${count(tokens)} tokens`}</span>
      </button>
      {isOpen.value && (
        <div class="reasonbody">
          <Value value={value} of={of} />
        </div>
      )}
    </>
  );
}
