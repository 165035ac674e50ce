// What became of the cache and why, what changed first, and a history that was made shorter.
import type { ComponentChildren, JSX } from "preact";
import { causeInWords } from "../../src/render/cause-words.ts";
import type { ContextCallJson, OpenedCallJson } from "../../src/viewer/api.ts";
import { count, money, sentence, time } from "../app/figures.ts";
import { Icon } from "../parts/icon.tsx";
import { Difference } from "../value/difference.tsx";
import { callName } from "./lens.ts";

/** All of it; nothing where nothing was lost and nothing changed. */
export function Verdict(props: {
  readonly call: ContextCallJson;
  readonly opened: OpenedCallJson | undefined;
}): JSX.Element | null {
  const { call, opened } = props;
  const told = toldOf(call);
  const difference = opened?.difference ?? null;
  if (told === undefined && call.compaction === null) return null;
  const isBroken = call.cache.state === "broken";
  return (
    <section class={`sec ${isBroken ? "broke" : ""}`.trim()}>
      {told !== undefined && (
        <>
          <h2 class={isBroken ? "warn" : ""}>
            {isBroken && <Icon name="break" />}
            {told.title}
          </h2>
          {told.text}
          {call.cache.reported !== null && <p class="mute note">The provider says {call.cache.reported}.</p>}
        </>
      )}
      {difference !== null && (
        <>
          <Difference words={difference.words} />
          {difference.is_cut && <p class="mute note">Of each text the beginning was compared.</p>}
        </>
      )}
      {call.compaction !== null && <Compaction call={call} />}
    </section>
  );
}

interface Told {
  readonly title: string;
  readonly text: ComponentChildren;
}

function toldOf(call: ContextCallJson): Told | undefined {
  const { cache, before } = call;
  const between = before === null ? "" : ` between ${callName(before)} and ${callName(call, call.agent)}`;
  const pause = time(cache.pause_ms ?? 0);
  switch (cache.state) {
    case "broken":
      return { title: `Prefix broken${between}`, text: <Broken call={call} /> };
    case "changed":
      return {
        title: `Prefix changed${between}`,
        text: <p>{whatChanged(call)}. The usage shows no loss.</p>,
      };
    case "unused":
      return {
        title: "Cache not used",
        text: (
          <p>
            {cache.missed_tokens !== null &&
              cache.missed_tokens > 0 &&
              `${count(cache.missed_tokens)} tokens that were there were not read from it: `}
            {causeInWords(cache.cause ?? "", pause)}.
          </p>
        ),
      };
    case "cold":
      return { title: "Cold start", text: <p>Nothing was there to be read from the cache.</p> };
    default:
      return call.change === null
        ? undefined
        : { title: `Prefix changed${between}`, text: <p>{whatChanged(call)}.</p> };
  }
}

function Broken({ call }: { readonly call: ContextCallJson }): JSX.Element {
  const { wasted_tokens: tokens, wasted_usd: price } = call.cache;
  return (
    <p>
      {whatChanged(call)}.
      {tokens !== null && tokens > 0 && ` All ${count(tokens)} tokens from there on were read again`}
      {price !== null && (
        <>
          : <b>+{money(price, "detail")}</b>
        </>
      )}
      {tokens !== null && tokens > 0 && "."}
    </p>
  );
}

function whatChanged({ change }: ContextCallJson): string {
  return sentence(change?.text ?? "the prompt changed");
}

function Compaction({ call }: { readonly call: ContextCallJson }): JSX.Element | null {
  const { compaction } = call;
  if (compaction === null) return null;
  const { tokens_before: before, tokens_after: after } = compaction;
  return (
    <>
      <h2 class="gap">The history was made shorter</h2>
      <p>
        {compaction.how === "summary" ? "Summarised" : "Cut"}: {count(compaction.messages_before)} messages
        became {count(compaction.messages_after)}
        {before !== null && after !== null && `, ${count(before)} → ${count(after)} tokens in`}.
      </p>
      {compaction.summary !== null && <p class="soft">{compaction.summary}</p>}
    </>
  );
}
