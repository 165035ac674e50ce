// What a call had that the one before it did not: piece by piece, the first few at once.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type {
  CallNameJson,
  ContextCallJson,
  OpenedCallJson,
  PartJson,
  ReadingJson,
  SegmentJson,
} from "../../src/viewer/api.ts";
import { count, counted, line } from "../app/figures.ts";
import { Kind } from "../parts/icon.tsx";
import { groupsOf } from "../span/groups.ts";
import { Part, Result } from "../span/part.tsx";
import type { OfSpan } from "../value/value.tsx";
import { callName } from "./lens.ts";
import { type Placed, placedSegments } from "./placed.ts";
import { glyphOfPiece, wordsOf } from "./shares.ts";

const SHOWN = 12;
const MORE = 50;

/** The section. */
export function Fresh(props: {
  readonly call: ContextCallJson;
  readonly opened: OpenedCallJson;
  readonly reading: ReadingJson;
  readonly of: OfSpan;
}): JSX.Element | null {
  const { call, opened, reading, of } = props;
  const shown = useSignal(SHOWN);
  const fresh = placedSegments(opened.segments).filter(({ segment }) => segment.part === "new");
  if (fresh.length === 0) return null;
  const rest = fresh.length - shown.value;
  return (
    <section class="sec">
      <h2>
        {call.before === null ? "New in this call" : `New since ${callName(call.before)}`}{" "}
        <span class="mute">
          {count(call.parts.new)} tokens, {counted(fresh.length, "part")}
        </span>
      </h2>
      {fresh.slice(0, shown.value).map((one, i) => (
        <div key={`${one.segment.message} ${one.at}`} class="fresh">
          <div class="nw">
            <Kind name={glyphOfPiece(one.segment)} />
            <b class={`cut ${one.segment.kind === "result" ? "mono" : ""}`.trim()}>
              {line(nameOf(one.segment, i, call.before))}
            </b>
            {one.segment.kind === "result" && <span class="mute">result</span>}
            <span class="grow" />
            <span class="mute num">{count(one.segment.tokens)} tokens</span>
          </div>
          <div class="np">
            <Body segment={one.segment} parts={partsOf(reading, one)} of={of} />
          </div>
        </div>
      ))}
      {rest > 0 && (
        <button
          type="button"
          class="morel"
          onClick={() => {
            shown.value += MORE;
          }}
        >
          {counted(rest, "more part")}
        </button>
      )}
    </section>
  );
}

/** Its parts, where the message came along with the span. */
function partsOf(reading: ReadingJson, { segment, at }: Placed): readonly PartJson[] | undefined {
  if (segment.message === null) return undefined;
  const message = reading.input_messages[segment.message - reading.earlier_messages];
  return message && groupsOf(message.parts)[at];
}

function Body(props: {
  readonly segment: SegmentJson;
  readonly parts: readonly PartJson[] | undefined;
  readonly of: OfSpan;
}): JSX.Element {
  const { segment, parts, of } = props;
  if (parts === undefined) return <p class="soft">{segment.glance ?? ""}</p>;
  // What a tool was asked stands in the call's answer: here its name will do.
  const said = parts.filter((part) => part.type !== "tool-call");
  return (
    <>
      {said.map((part, i) =>
        part.type === "tool-result" ? (
          <Result key={i} part={part} of={of} />
        ) : (
          <Part key={i} part={part} of={of} />
        ),
      )}
      {segment.calls.length > 0 && <p class="soft called">Called {segment.calls.join(", ")}.</p>}
    </>
  );
}

function nameOf(segment: SegmentJson, i: number, before: CallNameJson | null): string {
  if (segment.kind === "result") return segment.name ?? "a tool";
  const isAnswer = i === 0 && before !== null && glyphOfPiece(segment) === "model";
  return isAnswer ? `answer of ${callName(before)}` : wordsOf(segment);
}
