// The bar above every view: store, views, search, live, zone, theme, keys.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { liveAsOf, liveRetryAt, liveState, turnLive } from "../app/live.ts";
import { urlOf, view } from "../app/location.ts";
import { clock, zoneName } from "../app/moments.ts";
import { turnTheme, turnZone, zone } from "../app/preferences.ts";
import { busy } from "../app/resource.ts";
import { isExported } from "../app/source.ts";
import { store as found } from "../app/store.ts";
import { Icon } from "../parts/icon.tsx";
import { Mark } from "../parts/mark.tsx";
import { isHelpOpen, isSearchOpen } from "./dialogs.ts";

const VIEWS = [
  { path: "", view: "list", also: ["conversation", "trace"], name: "Conversations" },
  { path: "compare", view: "compare", also: [], name: "Compare" },
  { path: "numbers", view: "numbers", also: [], name: "Numbers" },
] as const;

/** The top bar. */
export function TopBar({ store }: { readonly store: string }): JSX.Element {
  return (
    <header class="top">
      <a class="brand" href={urlOf("")} aria-label="Tracelight, conversations">
        <Mark />
        Tracelight
      </a>
      <span class="store cut" title="The store that this page reads">
        {store}
      </span>
      {found.value?.kind === "example" && (
        <a class="back" href={urlOf("../")}>
          Back to your store
        </a>
      )}
      {!isExported && <Views />}
      <span class="grow" />
      {!isExported && <Asking />}
      <button class="ib zone" type="button" title={zoneTitle()} onClick={turnZone}>
        {zoneName()}
      </button>
      <button
        class="ib"
        type="button"
        aria-label="Light or dark"
        title="Light or dark (t)"
        onClick={turnTheme}
      >
        <Icon name="theme" />
      </button>
      <button
        class="ib"
        type="button"
        aria-label="Keys"
        title="Keys (?)"
        onClick={() => {
          isHelpOpen.value = true;
        }}
      >
        ?
      </button>
      <Progress />
    </header>
  );
}

/** What the store is asked for. */
function Asking(): JSX.Element {
  return (
    <>
      <button
        class="find"
        type="button"
        onClick={() => {
          isSearchOpen.value = true;
        }}
      >
        <Icon name="search" />
        <span>Search words</span>
        <kbd>Ctrl K</kbd>
      </button>
      <Live />
    </>
  );
}

function Views(): JSX.Element {
  return (
    <nav aria-label="Views">
      {VIEWS.map(({ path, view: own, also, name }) => {
        const isHere = view.value === own || also.some((one) => one === view.value);
        return (
          <a key={name} href={urlOf(path)} aria-current={isHere ? "page" : undefined}>
            {name}
          </a>
        );
      })}
    </nav>
  );
}

function zoneTitle(): string {
  return zone.value === "utc" ? "Times in UTC; z shows local time" : "Times of this computer; z shows UTC";
}

function Live(): JSX.Element {
  const state = liveState.value;
  if (state === "none") return <NotLive />;
  const isOff = state === "paused" || state === "waiting";
  return (
    <button
      class={`live ${isOff ? "off" : ""} ${state === "lost" ? "lost" : ""}`.trim()}
      type="button"
      aria-pressed={state === "live"}
      title={state === "paused" ? "p goes on" : "p pauses"}
      onClick={turnLive}
    >
      <span class="dot" aria-hidden="true" />
      {state === "lost" ? <Lost /> : state === "paused" ? "Paused" : state === "live" ? "Live" : "Waiting"}
    </button>
  );
}

/** A button, as in its other states, so that it is found where it always is. */
function NotLive(): JSX.Element {
  return (
    <button
      class="live off"
      type="button"
      title="This kind of store does not tell what changed: a click loads the page again"
      onClick={() => location.reload()}
    >
      Reload
    </button>
  );
}

function Lost(): JSX.Element {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((liveRetryAt.value - now.value) / 1000));
  return (
    <span class="warn">
      Lost, trying in {seconds} s <span class="mute">as of {clock(liveAsOf.value)}</span>
    </span>
  );
}

/** A thin line where something takes longer than 150 ms. */
function Progress(): JSX.Element | null {
  const isShown = useSignal(false);
  const isBusy = busy.value > 0;
  useEffect(() => {
    if (!isBusy) return undefined;
    const timer = setTimeout(() => {
      isShown.value = true;
    }, 150);
    return () => {
      clearTimeout(timer);
      isShown.value = false;
    };
  }, [isBusy]);
  return isShown.value ? <div class="progress" role="progressbar" aria-label="Loading" /> : null;
}
