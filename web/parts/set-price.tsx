// In the place of a cost that no price is known for.
import type { JSX } from "preact";
import { priced } from "../shell/dialogs.ts";

/** A button that tells how to give the model a price. */
export function SetPrice({ model }: { readonly model: string }): JSX.Element {
  return (
    <button
      type="button"
      class="morel"
      onClick={() => {
        priced.value = model;
      }}
    >
      set a price
    </button>
  );
}
