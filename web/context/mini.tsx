// What filled the window of a call, as a thin bar in its margin.
import type { JSX } from "preact";
import type { ContextCallJson } from "../../src/viewer/api.ts";
import { Icon } from "../parts/icon.tsx";
import { inputOf, PARTS } from "./shares.ts";

/** The bar, as long as its tokens are of the most; and a word where the prefix was broken. */
export function Mini(props: { readonly call: ContextCallJson; readonly most: number }): JSX.Element {
  const { call } = props;
  return (
    <>
      <span
        class="mini"
        aria-hidden="true"
        title="What filled the window"
        style={{ "--w": `${((inputOf(call) / props.most) * 100).toFixed(1)}%` }}
      >
        {PARTS.map((part) =>
          call.parts[part] > 0 ? (
            <i key={part} class={`cx-${part}`} style={{ "--n": call.parts[part] }} />
          ) : null,
        )}
      </span>
      {call.cache.state === "broken" && (
        <span class="warn st brk">
          <Icon name="break" />
          prefix broken
        </span>
      )}
    </>
  );
}
