// Two model calls, prompt and answer: only what differs is open, runs of what is the same are one line.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { CallRowJson, ComparedCallsJson, WordPieceJson } from "../../src/viewer/api.ts";
import { count, counted, line } from "../app/figures.ts";
import { change, param, traceUrl } from "../app/location.ts";
import { NARROW } from "../app/media.ts";
import { glyphOfPiece, wordsOf } from "../context/shares.ts";
import type { KindGlyph } from "../parts/glyphs.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { nearby, type Side, Words } from "../value/difference.tsx";
import { laidOut, onOneLine } from "../value/laid-out.ts";
import { LETTER } from "../value/pretty.ts";
import { Same } from "./same.tsx";
import { Sign, STATE_WORDS, summed } from "./signs.tsx";
import { SIDES, subjectOf } from "./subject.ts";

/** So many rows at once. */
const SHOWN = 100;
/** Of texts with more characters, what is near a difference is shown first. */
const LONG = 4000;
/** Beside a text, in pixels. */
const MARGINS = 64;

/** All rows. */
export function CallRows({ data }: { readonly data: ComparedCallsJson }): JSX.Element {
  const shown = useSignal(SHOWN);
  const isOne = param("lay") === "one";
  const rows = param("only") === "" ? data.rows : data.rows.filter(({ state }) => state !== "same");
  const sames = data.rows.reduce((sum, row) => sum + (row.state === "same" ? row.pieces : 0), 0);
  const rest = rows.length - shown.value;
  const head = useRef<HTMLDivElement>(null);
  const letters = useSignal(80);
  useLayoutEffect(() => {
    const width = head.current?.clientWidth ?? 0;
    const column = isOne || matchMedia(NARROW).matches ? width : width / 2;
    letters.value = Math.floor((column - MARGINS) / LETTER);
  }, [isOne]);
  return (
    <>
      <div class="dh" ref={head}>
        <h2>Prompt and answer</h2>
        <span class="soft">
          {summed(
            data.rows.map(({ state }) => state),
            sames,
          )}
        </span>
        <span class="grow" />
        <span class="seg sm" role="group" aria-label="Layout">
          <button type="button" aria-pressed={!isOne} onClick={() => change({ lay: "" })}>
            Side by side
          </button>
          <button type="button" aria-pressed={isOne} onClick={() => change({ lay: "one" })}>
            One column
          </button>
        </span>
        <Only />
      </div>
      {!isOne && <Columns />}
      {rows.slice(0, shown.value).map((row, i) => (
        <Row key={i} row={row} data={data} isOne={isOne} letters={letters.value} />
      ))}
      {rest > 0 && (
        <button
          type="button"
          class="morel pad"
          onClick={() => {
            shown.value += SHOWN;
          }}
        >
          {counted(rest, "more row")}
        </button>
      )}
    </>
  );
}

/** Which column is which. */
function Columns(): JSX.Element {
  return (
    <div class="dcols">
      {SIDES.map((side) => {
        const { call } = subjectOf(param(side));
        return (
          <span key={side}>
            <b class="ab">{side.toUpperCase()}</b> {call ? `call ${call}` : "model call"}
          </span>
        );
      })}
    </div>
  );
}

/** Hides what is the same. */
export function Only(): JSX.Element {
  const isOn = param("only") !== "";
  return (
    <button
      type="button"
      class="fact"
      aria-pressed={isOn}
      title="Only differences, h"
      onClick={() => change({ only: isOn ? "" : "1" })}
    >
      <Icon name="tilde" />
      only differences
    </button>
  );
}

function Row(props: {
  readonly row: CallRowJson;
  readonly data: ComparedCallsJson;
  readonly isOne: boolean;
  readonly letters: number;
}): JSX.Element {
  const { row, data, letters } = props;
  const { state, section, tokens } = row;
  if (state === "same") return <Same row={row} call={data.a} />;
  const piece = row.b ?? row.a;
  const name = section === "answer" ? "answer" : piece === null ? section : wordsOf(piece);
  const side = state === "only_a" ? data.a : data.b;
  return (
    <section class={`df ${state}`} aria-label={`${name}, ${STATE_WORDS[state]}`} tabIndex={-1} data-differs>
      <header>
        <Sign of={state} />
        <Kind name={glyphOf(row)} />
        <b class="cut">{line(name)}</b>
        <span class="mute">{STATE_WORDS[state]}</span>
        <span class="grow" />
        <span class="mute num">
          {row.a !== null && row.b !== null && row.a.tokens !== row.b.tokens
            ? `${count(row.a.tokens)} → ${count(row.b.tokens)} tokens`
            : `${count(tokens)} tokens`}
        </span>
      </header>
      {state === "changed" ? (
        <Changed words={row.words ?? glances(row)} isOne={props.isOne} letters={letters} />
      ) : (
        <div class={`dd ${props.isOne ? "one" : ""}`.trim()}>
          {state === "only_b" && !props.isOne && <div class="da" />}
          <pre class={state === "only_a" ? "da" : "db"}>
            <Alone text={row.text ?? ""} letters={letters} />
          </pre>
          {state === "only_a" && !props.isOne && <div class="db" />}
        </div>
      )}
      {row.is_cut && (
        <p class="mute note pad">
          It is too long to be shown as a whole here.{" "}
          <a class="link" href={traceUrl(side.trace_id, { span: side.span_id, tab: "messages" })}>
            Open the call
          </a>
        </p>
      )}
    </section>
  );
}

/** A text that one of both has alone. */
function Alone({ text, letters }: { readonly text: string; readonly letters: number }): JSX.Element {
  return useMemo(() => <>{laidOut([{ in: "both", text }], "a", letters)[0]?.text}</>, [text, letters]);
}

function Changed(props: {
  readonly words: readonly WordPieceJson[];
  readonly isOne: boolean;
  readonly letters: number;
}): JSX.Element {
  const { words, letters } = props;
  const isWhole = useSignal(words.reduce((sum, { text }) => sum + text.length, 0) <= LONG);
  const [a = [], b = []] = useMemo(
    () =>
      SIDES.map((side: Side) =>
        isWhole.value ? laidOut(words, side, letters) : nearby(onOneLine(words, side)),
      ),
    [words, letters, isWhole.value],
  );
  return (
    <>
      {props.isOne ? (
        <pre class="dd one">
          <Words words={b} side={undefined} />
        </pre>
      ) : (
        <div class="dd">
          <pre class="da">
            <Words words={a} side="a" />
          </pre>
          <pre class="db">
            <Words words={b} side="b" />
          </pre>
        </div>
      )}
      {!isWhole.value && (
        <button
          type="button"
          class="morel pad"
          onClick={() => {
            isWhole.value = true;
          }}
        >
          Show all of it
        </button>
      )}
    </>
  );
}

/** Where it is too long to be compared by words. */
function glances({ a, b }: CallRowJson): readonly WordPieceJson[] {
  return [
    { in: "a", text: a?.glance ?? "" },
    { in: "b", text: b?.glance ?? "" },
  ];
}

function glyphOf({ section, a, b }: CallRowJson): KindGlyph {
  const piece = b ?? a;
  if (section === "answer") return "model";
  return piece === null ? "other" : glyphOfPiece(piece);
}
