// The page: what is above all views, and the view that the URL names. Views come when they are first asked for.
import { type JSX, render } from "preact";
import { listenToKeys } from "./app/keys.ts";
import { connect, neverLive } from "./app/live.ts";
import { followLinks } from "./app/location.ts";
import { readStore, store } from "./app/store.ts";
import { App } from "./shell/app.tsx";
import "./style/page.css";

followLinks();
listenToKeys();
void readStore().then(() => (store.value?.can.live === false ? neverLive() : connect()));
render((<App />) satisfies JSX.Element, document.body);
