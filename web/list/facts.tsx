// What is listed, in one line; errors, running and interrupted are toggles too.
import type { JSX } from "preact";
import type { OverviewJson } from "../../src/viewer/api.ts";
import { compact, count, money } from "../app/figures.ts";
import type { IconName } from "../parts/glyphs.ts";
import { Icon } from "../parts/icon.tsx";
import { changeList, type ListQuery } from "./query.ts";

/** The line of facts. */
export function Facts(props: {
  readonly overview: OverviewJson | undefined;
  readonly query: ListQuery;
}): JSX.Element {
  const { overview, query } = props;
  if (overview === undefined) return <div class="facts" />;
  const noun = query.by === "trace" ? "trace" : "conversation";
  return (
    <section class="facts" aria-label="What is listed">
      <span class="fact" title={overview.is_whole ? undefined : "The newest were counted: there are more"}>
        <b>
          {count(overview.count)}
          {!overview.is_whole && "+"}
        </b>{" "}
        {overview.count === 1 ? noun : `${noun}s`}
      </span>
      <Toggle
        query={query}
        only="failed"
        class="err"
        icon="error"
        n={overview.with_errors}
        what="with errors"
      />
      <Toggle query={query} only="running" class="run" icon="running" n={overview.running} what="running" />
      <Toggle
        query={query}
        only="interrupted"
        class="warn"
        icon="interrupted"
        n={overview.interrupted}
        what="interrupted"
      />
      {overview.input_tokens + overview.output_tokens > 0 && (
        <span class="fact tot">
          <b>{compact(overview.input_tokens)}</b>→<b>{compact(overview.output_tokens)}</b> tokens
        </span>
      )}
      {overview.cost_usd !== null && (
        <span class="fact tot">
          <b>{money(overview.cost_usd, "sum")}</b>
          {overview.unpriced_calls > 0 && ` and ${count(overview.unpriced_calls)} calls without a price`}
        </span>
      )}
    </section>
  );
}

function Toggle(props: {
  readonly query: ListQuery;
  readonly only: Exclude<ListQuery["only"], "">;
  readonly class: string;
  readonly icon: IconName;
  readonly n: number;
  readonly what: string;
}): JSX.Element | null {
  const isOn = props.query.only === props.only;
  if (props.n === 0 && !isOn) return null;
  return (
    <button
      class={`fact ${props.class}`}
      type="button"
      aria-pressed={isOn}
      onClick={() => changeList({ only: isOn ? "" : props.only })}
    >
      <Icon name={props.icon} />
      <b>{count(props.n)}</b> {props.what}
    </button>
  );
}
