// What the keys do.
import type { JSX } from "preact";
import { HELP } from "../app/keys.ts";
import { isExported } from "../app/source.ts";
import { Icon } from "../parts/icon.tsx";
import { Dialog } from "./dialog.tsx";
import { isHelpOpen } from "./dialogs.ts";

/** What a file that was exported has no use for. */
const OF_STORES = new Set(["Ctrl+K", "g x", "g n", "p", "x", "n", "a b"]);

function isHere([key]: readonly [key: string, what: string]): boolean {
  return !isExported || !OF_STORES.has(key);
}

/** The help of keys. */
export function Help(): JSX.Element | null {
  if (!isHelpOpen.value) return null;
  const close = () => {
    isHelpOpen.value = false;
  };
  return (
    <Dialog id="keys" label="Keys" onClose={close}>
      <header>
        <h2>Keys</h2>
        <span class="grow" />
        <button class="ib sq" type="button" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="kcols" tabIndex={0}>
        {HELP.map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.filter(isHere).map(([key, what]) => [
                <dt key={key}>
                  {key.split(" ").map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>,
                <dd key={what}>{what}</dd>,
              ])}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
