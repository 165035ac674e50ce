// What filled the window: the bar in the order of the prompt, what became of it, and its parts by name.
import type { JSX } from "preact";
import type { ContextCallJson, OpenedCallJson } from "../../src/viewer/api.ts";
import { compact, count, money, share } from "../app/figures.ts";
import { Icon } from "../parts/icon.tsx";
import { callName } from "./lens.ts";
import { type BarPiece, barOf, cachedOf, inputOf, PART_WORDS, PARTS, type PartName } from "./shares.ts";

/** All of it. */
export function Filled(props: {
  readonly call: ContextCallJson;
  readonly opened: OpenedCallJson | undefined;
}): JSX.Element {
  const { call } = props;
  const bar = barOf(call, props.opened?.segments);
  return (
    <section class="sec">
      <h2 class="vh">What filled the window</h2>
      <div class="bigrow">
        <span class="big">{count(inputOf(call))}</span>
        <span class="soft">
          tokens in{call.input_tokens === null && ", estimated"}
          {call.window_tokens !== null &&
            `, ${share(inputOf(call) / call.window_tokens)} of the ${compact(call.window_tokens)} window`}
        </span>
        <span class="grow" />
        <span class="soft">{money(call.cost_usd)}</span>
      </div>
      <Bar call={call} bar={bar} />
      <Fates call={call} />
      <Legend call={call} bar={bar} />
    </section>
  );
}

/** The bar. */
export function Bar({
  call,
  bar,
}: {
  readonly call: ContextCallJson;
  readonly bar: readonly BarPiece[];
}): JSX.Element {
  const { fates, cache } = call;
  const name = callName(call, call.agent);
  return (
    <div class="lens" role="img" aria-label={`What filled the window of ${name}, in the order of the prompt`}>
      {bar.map(({ part, tokens, isCached, words }, i) => (
        <i
          key={i}
          class={`cx-${part} ${isCached ? "cached" : ""}`.trim()}
          style={{ "--n": tokens }}
          title={`${words}: ${count(tokens)} tokens${isCached ? ", cached" : ""}`}
        />
      ))}
      {cache.state === "broken" && fates !== null && (
        <span
          class="bmark"
          style={{ "--x": `${((fates.cached / Math.max(1, inputOf(call))) * 100).toFixed(2)}%` }}
        >
          <Icon name="break" />
        </span>
      )}
    </div>
  );
}

/** What became of the tokens, where the usage says it. */
function Fates({ call: { fates, cache } }: { readonly call: ContextCallJson }): JSX.Element {
  if (fates === null) return <p class="mute note gap">The usage does not say what was read from a cache.</p>;
  const parts = [
    { class: "kept", tokens: fates.cached, words: "cached" },
    { class: cache.state === "broken" ? "warn" : "", tokens: fates.again, words: "read again" },
    { class: "isnew", tokens: fates.new, words: "new" },
  ].filter(({ tokens }) => tokens > 0);
  return (
    <div class="fates">
      <div class="fline" aria-hidden="true">
        {parts.map((part) => (
          <i key={part.words} class={part.class} style={{ "--n": part.tokens }} />
        ))}
      </div>
      {parts.map((part) => (
        <span key={part.words} class={part.class} style={{ "--n": part.tokens }}>
          <b>{count(part.tokens)}</b> {part.words}
        </span>
      ))}
    </div>
  );
}

function Legend({ call, bar }: { readonly call: ContextCallJson; readonly bar: readonly BarPiece[] }) {
  const cached = cachedOf(bar);
  const all = Math.max(1, inputOf(call));
  return (
    <table class="leg">
      <caption class="vh">Tokens by part of the prompt, estimated</caption>
      <thead class="vh">
        <tr>
          <th scope="col">part</th>
          <th scope="col">tokens</th>
          <th scope="col">share</th>
          <th scope="col">cached</th>
        </tr>
      </thead>
      <tbody>
        {PARTS.filter((part) => call.parts[part] > 0).map((part) => (
          <tr key={part}>
            <th scope="row">
              <i class={`sw cx-${part}`} aria-hidden="true" />
              {wordsIn(call, part)}
            </th>
            <td class="num">{count(call.parts[part])}</td>
            <td class="num soft">{share(call.parts[part] / all)}</td>
            <td class="num mute">{cachedWords(cached[part] ?? 0, call.parts[part])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function wordsIn({ before }: ContextCallJson, part: PartName): string {
  return part === "new" && before !== null ? `new since ${callName(before)}` : PART_WORDS[part];
}

function cachedWords(cached: number, tokens: number): string {
  if (cached === 0) return "";
  return cached >= tokens ? "cached" : `${count(cached)} cached`;
}
