// All of the page: top bar, the view that the URL names, dialogs, and what the keys do anywhere.
import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { useKeys } from "../app/keys.ts";
import { turnLive } from "../app/live.ts";
import { open, urlOf, type View, view } from "../app/location.ts";
import { turnTheme, turnZone } from "../app/preferences.ts";
import { isExported } from "../app/source.ts";
import { store } from "../app/store.ts";
import { isHelpOpen, isSearchOpen, priced } from "./dialogs.ts";
import { Help } from "./help.tsx";
import { News } from "./news.tsx";
import { Oops } from "./oops.tsx";
import { TopBar } from "./top-bar.tsx";
import { VIEWS } from "./views.ts";

/** The page. */
export function App(): JSX.Element {
  useKeys({
    "Ctrl+k": () => {
      isSearchOpen.value = !isExported;
    },
    // Where nothing is there to be filtered or found in.
    "/": () => {
      isSearchOpen.value = !isExported;
    },
    "?": () => {
      isHelpOpen.value = true;
    },
    "g c": () => open(urlOf("")),
    // A file has no other views.
    ...(!isExported && { "g x": () => open(urlOf("compare")), "g n": () => open(urlOf("numbers")) }),
    z: turnZone,
    t: turnTheme,
    p: turnLive,
    y: () => void navigator.clipboard?.writeText(location.href),
    Escape: () => history.back(),
  });
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <TopBar store={store.value?.name ?? ""} />
      <Shown key={view.value} name={view.value} />
      <News />
      <Help />
      {!isExported && isSearchOpen.value && <Lazy load={SEARCH} />}
      {!isExported && priced.value !== undefined && <Lazy load={PRICE} />}
    </>
  );
}

/** A view, loaded when it is first asked for. A view that breaks says so, and the page stays. */
function Shown({ name }: { readonly name: View }): JSX.Element | null {
  const loaded = useSignal<ComponentType | undefined>(undefined);
  const failure = useSignal<unknown>(undefined);
  const [broken, again] = useErrorBoundary();
  useEffect(() => {
    VIEWS[name]().then(
      (component) => {
        loaded.value = component;
      },
      (error: unknown) => {
        failure.value = error;
      },
    );
  }, [name]);
  const error = broken ?? failure.value;
  if (error !== undefined) return <Oops error={error} again={again} />;
  const Component = loaded.value;
  return Component === undefined ? <main id="main" /> : <Component />;
}

/** A dialog, loaded when it is first opened. */
function Lazy({ load }: { readonly load: () => Promise<ComponentType> }): JSX.Element | null {
  const loaded = useSignal<ComponentType | undefined>(undefined);
  useEffect(() => {
    void load().then((component) => {
      loaded.value = component;
    });
  }, [load]);
  const Component = loaded.value;
  return Component === undefined ? null : <Component />;
}

const SEARCH = async (): Promise<ComponentType> => (await import("../search/search.tsx")).Search;
const PRICE = async (): Promise<ComponentType> => (await import("./price.tsx")).Price;
