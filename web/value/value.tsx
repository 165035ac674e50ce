// Any value: a text as text, all else as JSON laid out to its width. What is long is cut, with what is left as a button.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { API, type ValueJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { compact, count } from "../app/figures.ts";
import { PartProblem } from "../shell/oops.tsx";
import { type Large, largeIn } from "./large.ts";
import { LETTER, piecesOf, prettyLines } from "./pretty.ts";

/** Texts are cut here, and JSON there, until more is asked for. */
const SHOWN_CHARACTERS = 4000;
const SHOWN_LINES = 9;
/** One press shows so many more lines. */
const MORE_LINES = 400;
const PART_CHARACTERS = 100_000;

/** Whose value it is, to ask for the rest of a large one. */
export interface OfSpan {
  readonly traceId: string;
  readonly spanId: string;
}

/** A value. */
export function Value(props: {
  readonly value: unknown;
  readonly of: OfSpan;
  readonly class?: string | undefined;
  /** All of it, without a cut. */
  readonly isWhole?: boolean;
}): JSX.Element | null {
  const { value, of, class: color = "" } = props;
  const large = largeIn(value);
  if (large !== undefined) return <LargeValue large={large} of={of} class={color} />;
  if (typeof value === "string") return <Text text={value} class={color} isWhole={props.isWhole === true} />;
  return <Json value={value} of={of} isWhole={props.isWhole === true} />;
}

/** A text as it is. */
export function Text(props: {
  readonly text: string;
  readonly class?: string;
  readonly isWhole?: boolean;
}): JSX.Element {
  const { text } = props;
  const shown = useSignal(props.isWhole ? Number.POSITIVE_INFINITY : SHOWN_CHARACTERS);
  const rest = text.length - shown.value;
  return (
    <pre class={props.class}>
      {rest > 0 ? text.slice(0, shown.value) : text}
      {rest > 0 && (
        <>
          {"…\n"}
          <More
            onMore={() => {
              shown.value += PART_CHARACTERS;
            }}
          >
            {count(rest)} more characters
          </More>
        </>
      )}
    </pre>
  );
}

/** JSON, coloured. */
export function Json(props: {
  readonly value: unknown;
  readonly of: OfSpan;
  readonly isWhole?: boolean;
}): JSX.Element {
  const box = useRef<HTMLPreElement>(null);
  const width = useSignal(72);
  const shown = useSignal(props.isWhole ? MORE_LINES : SHOWN_LINES);
  useLayoutEffect(() => {
    const measured = Math.floor((box.current?.clientWidth ?? 0) / LETTER) - 1;
    if (measured > 20) width.value = Math.min(120, measured);
  }, []);
  const lines = prettyLines(props.value, width.value);
  const rest = lines.length - shown.value;
  return (
    <pre ref={box}>
      {lines.slice(0, shown.value).map((line, i) => (
        <Line key={i} line={line} />
      ))}
      {rest > 0 && (
        <More
          onMore={() => {
            shown.value += MORE_LINES;
          }}
        >
          {count(rest)} more lines
        </More>
      )}
      {largesIn(props.value).map((large) => (
        <LargeValue key={large.path} large={large} of={props.of} />
      ))}
    </pre>
  );
}

function Line({ line }: { readonly line: string }): JSX.Element {
  return (
    <>
      {piecesOf(line).map(({ text, kind }, i) =>
        kind === undefined ? (
          text
        ) : (
          <span key={i} class={kind}>
            {text}
          </span>
        ),
      )}
      {"\n"}
    </>
  );
}

function More(props: { readonly onMore: () => void; readonly children: ComponentChildren }): JSX.Element {
  return (
    <button type="button" class="morel" onClick={props.onMore}>
      {props.children}
    </button>
  );
}

/** Large values within a value, the first few. */
function largesIn(value: unknown, found: Large[] = []): Large[] {
  if (found.length >= MOST_LARGE || typeof value !== "object" || value === null) return found;
  const large = largeIn(value);
  if (large !== undefined) found.push(large);
  else for (const one of Object.values(value)) largesIn(one, found);
  return found;
}

const MOST_LARGE = 20;

/** A large value: its beginning and its size; more of it comes when it is asked for. */
function LargeValue(props: {
  readonly large: Large;
  readonly of: OfSpan;
  readonly class?: string;
}): JSX.Element {
  const { large, of } = props;
  const text = useSignal(large.beginning);
  const next = useSignal<number | null>(0);
  const failure = useSignal<unknown>(undefined);
  const isAsking = useSignal(false);
  useEffect(() => {
    text.value = large.beginning;
    next.value = 0;
  }, [large.path, large.span_id]);
  const more = async (): Promise<void> => {
    if (next.value === null || isAsking.value) return;
    isAsking.value = true;
    try {
      const query = { offset: next.value, length: PART_CHARACTERS };
      const part = await read<ValueJson>(API.value(of.traceId, large.span_id, large.path), query);
      text.value = part.offset === 0 ? part.text : text.value + part.text;
      next.value = part.next;
      failure.value = undefined;
    } catch (error) {
      failure.value = error;
    }
    isAsking.value = false;
  };
  const shown = next.value === 0 ? large.beginning.length : text.value.length;
  return (
    <>
      <pre class={props.class}>
        {text.value}
        {next.value !== null && "…"}
      </pre>
      {failure.value !== undefined && (
        <PartProblem what="This value" error={failure.value} again={() => void more()} />
      )}
      {next.value !== null && (
        <button type="button" class="morel" disabled={isAsking.value} onClick={() => void more()}>
          {count(shown)} of {compact(large.size)} characters; show {next.value === 0 ? "it" : "more"}
        </button>
      )}
    </>
  );
}
