// How a turn or a tool's call went, at the end of its line.
import type { JSX } from "preact";
import { time } from "../app/figures.ts";
import type { Done } from "./done.ts";
import { Icon } from "./icon.tsx";

/** How long it took, or what became of it. */
export function Outcome({ of }: { readonly of: Done }): JSX.Element {
  if (of.state === "running") {
    return (
      <span class="st run">
        <Icon name="running" />
        running {time(of.ms)}
      </span>
    );
  }
  if (of.state === "interrupted") {
    return (
      <span class="st warn">
        <Icon name="interrupted" />
        interrupted
      </span>
    );
  }
  if (of.hasFailed) {
    return (
      <span class="st err">
        <Icon name="error" />
        {time(of.ms)}
      </span>
    );
  }
  return <span class="soft">{time(of.ms)}</span>;
}
