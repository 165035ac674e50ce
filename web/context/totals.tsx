// Of the whole conversation: what was wasted, the most first, and results of tools that later calls carried along.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import type { CallNameJson, ContextCallJson, ContextJson } from "../../src/viewer/api.ts";
import { compact, counted, line, money, sentence } from "../app/figures.ts";
import { CallLink, type CallLinks } from "./call-link.tsx";
import { callName } from "./lens.ts";

const SHOWN = 5;

/** Findings and results. */
export function Totals({ lens, links }: { readonly lens: ContextJson; readonly links: CallLinks }) {
  const calls = new Map(lens.calls.map((call) => [call.span_id, call]));
  return (
    <>
      {lens.findings.length > 0 && (
        <section class="sec">
          <h2>Found in this conversation</h2>
          <Some of={lens.findings} noun="more">
            {({ text, call }) =>
              call === null ? (
                sentence(text)
              ) : (
                <CallLink call={call} links={links} class="link">
                  {sentence(text)}
                </CallLink>
              )
            }
          </Some>
        </section>
      )}
      {lens.results.length > 0 && (
        <section class="sec">
          <h2>Results that stayed</h2>
          <Some of={lens.results} noun="more result">
            {({ name, first, tokens, calls: n, all_tokens: all, cost_usd: cost }) => (
              <span class="stayed">
                <span class="mono cut">{line(name ?? "a tool")}</span>
                <span class="mute">since {nameOf(first, calls)}</span>
                <span class="grow" />
                <span class="soft num">
                  {compact(tokens)} at first, {compact(all)} in {counted(n, "call")}
                </span>
                <span class="num cost">{money(cost)}</span>
              </span>
            )}
          </Some>
        </section>
      )}
    </>
  );
}

function Some<T>(props: {
  readonly of: readonly T[];
  readonly noun: string;
  readonly children: (one: T) => ComponentChildren;
}): JSX.Element {
  const isWhole = useSignal(false);
  const rest = isWhole.value ? 0 : props.of.length - SHOWN;
  return (
    <>
      <ul class="totals">
        {(rest > 0 ? props.of.slice(0, SHOWN) : props.of).map((one, i) => (
          <li key={i}>{props.children(one)}</li>
        ))}
      </ul>
      {rest > 0 && (
        <button
          type="button"
          class="morel"
          onClick={() => {
            isWhole.value = true;
          }}
        >
          {props.noun === "more" ? `${rest} more` : counted(rest, props.noun)}
        </button>
      )}
    </>
  );
}

function nameOf(first: CallNameJson, calls: ReadonlyMap<string, ContextCallJson>): string {
  return callName(first, calls.get(first.span_id)?.agent);
}
