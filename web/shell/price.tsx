// How to give a model a price: a file of prices, with which the page is started.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { line } from "../app/figures.ts";
import { store } from "../app/store.ts";
import { Code } from "../parts/code.tsx";
import { Icon } from "../parts/icon.tsx";
import { Dialog } from "./dialog.tsx";
import { priced } from "./dialogs.ts";

/** The dialog for the model that was asked for. */
export function Price(): JSX.Element {
  const model = priced.value ?? "";
  const onClose = (): void => {
    priced.value = undefined;
  };
  const input = useSignal("");
  const output = useSignal("");
  const prices = { [model]: { input: Number(input.value), output: Number(output.value) } };
  return (
    <Dialog id="price" label={`A price for ${line(model)}`} onClose={onClose}>
      <header>
        <h2 class="cut">A price for {line(model)}</h2>
        <span class="grow" />
        <button class="ib sq" type="button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="price">
        <p>US dollars for a million tokens:</p>
        <p class="amounts">
          <Amount name="in" value={input} />
          <Amount name="out" value={output} />
        </p>
        <p>
          Put it into a file, <code>prices.json</code>, which may have many models:
        </p>
        <Code text={JSON.stringify(prices, null, 2)} />
        <p>Start the page with it. Calls that were made before have their price then too.</p>
        <Code text={`npx tracelight view ${store.value?.name ?? ""} --prices prices.json`} />
        {store.value?.has_prices === false && (
          <>
            <p>Prices of most models come with a package:</p>
            <Code text="npm install @pydantic/genai-prices" />
          </>
        )}
      </div>
    </Dialog>
  );
}

function Amount({ name, value }: { readonly name: string; readonly value: { value: string } }): JSX.Element {
  return (
    <label>
      {name}
      <input
        type="number"
        min="0"
        step="any"
        placeholder="0"
        value={value.value}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value;
        }}
      />
    </label>
  );
}
