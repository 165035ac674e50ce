// The state of a span or row, or of many: running and interrupted are marked, what ended is silent.
import type { JSX } from "preact";
import type { StateJson } from "../../src/viewer/api.ts";
import { count } from "../app/figures.ts";
import { Icon } from "./icon.tsx";

/** A state's glyph with its word; nothing for what ended. */
export function State({ of }: { readonly of: StateJson }): JSX.Element | null {
  if (of === "ended") return null;
  return (
    <span class={`st ${of === "running" ? "run" : "warn"}`}>
      <Icon name={of} />
      <span>{of}</span>
    </span>
  );
}

/** How many of a thing's spans were interrupted. */
export function Interrupted({ spans }: { readonly spans: number }): JSX.Element {
  return (
    <span class="st warn">
      <Icon name="interrupted" />
      <span>{count(spans)} interrupted</span>
    </span>
  );
}
