// The messages of a model call: the newest first and open, what was there before folded, what is always there last.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import type { MessageJson, ReadingJson } from "../../src/viewer/api.ts";
import { count, counted, line } from "../app/figures.ts";
import type { KindGlyph } from "../parts/glyphs.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { type OfSpan, Value } from "../value/value.tsx";
import { Part } from "./part.tsx";

const SHOWN_BEFORE = 3;

/** The tab of messages. */
export function Messages({
  reading,
  of,
}: {
  readonly reading: ReadingJson;
  readonly of: OfSpan;
}): JSX.Element {
  const { input_messages: messages, output_messages: answers } = reading;
  const from = newFrom(messages);
  const before = messages.slice(0, from).toReversed();
  const shown = useSignal(SHOWN_BEFORE);
  return (
    <section class="sec flush">
      {answers.length > 0 && <Heading title="Answer" note={counted(answers.length, "message")} />}
      {answers.map((message, i) => (
        <OneMessage key={`out ${i}`} message={message} of={of} isOpen />
      ))}
      {from < messages.length && (
        <Heading title="New in this call" note={counted(messages.length - from, "message")} />
      )}
      {messages.slice(from).map((message, i) => (
        <OneMessage key={`new ${i}`} message={message} of={of} isOpen />
      ))}
      {before.length > 0 && (
        <Heading title="Before that" note={counted(before.length + reading.earlier_messages, "message")} />
      )}
      {before.slice(0, shown.value).map((message, i) => (
        <OneMessage key={`before ${from - i}`} message={message} of={of} isOpen={false} />
      ))}
      {before.length > shown.value && (
        <button
          type="button"
          class="morel pad"
          onClick={() => {
            shown.value = Number.POSITIVE_INFINITY;
          }}
        >
          {counted(before.length - shown.value, "more message")}
        </button>
      )}
      {reading.earlier_messages > 0 && shown.value > before.length && (
        <p class="mute pad">{count(reading.earlier_messages)} before these are in Raw</p>
      )}
      {(reading.system_prompt !== null || reading.tools.length > 0) && <Heading title="Always there" />}
      {reading.system_prompt !== null && (
        <Fold glyph="other" name="system" isOpen={false}>
          <Value value={reading.system_prompt} of={of} />
        </Fold>
      )}
      {reading.tools.length > 0 && (
        <Fold glyph="tool" name={`${counted(reading.tools.length, "tool")} offered`} isOpen={false}>
          {reading.tools.map((tool) => (
            <Fold key={tool.name} glyph="tool" name={tool.name} isOpen={false}>
              {tool.description !== null && <Value value={tool.description} of={of} />}
              {tool.schema !== null && <Value value={tool.schema} of={of} />}
            </Fold>
          ))}
        </Fold>
      )}
    </section>
  );
}

/** What came since the model last spoke. */
function newFrom(messages: readonly MessageJson[]): number {
  const last = messages.findLastIndex(({ role }) => role === "assistant" || role === "model");
  return last < 0 ? 0 : last + 1 < messages.length ? last + 1 : last;
}

function Heading({ title, note }: { readonly title: string; readonly note?: string }): JSX.Element {
  return (
    <div class="sh">
      <h2>
        {title} {note && <span class="mute">{note}</span>}
      </h2>
    </div>
  );
}

function OneMessage(props: {
  readonly message: MessageJson;
  readonly of: OfSpan;
  readonly isOpen: boolean;
}): JSX.Element {
  const { message, of } = props;
  return (
    <Fold glyph={glyphOf(message)} name={nameOf(message)} isOpen={props.isOpen}>
      {message.parts.map((part, i) => (
        <Part key={i} part={part} of={of} />
      ))}
    </Fold>
  );
}

function glyphOf({ role, parts }: MessageJson): KindGlyph {
  if (parts[0]?.type === "tool-result") return "tool";
  if (role === "assistant" || role === "model") return "model";
  return role === "user" ? "user" : "other";
}

function nameOf({ role, parts }: MessageJson): string {
  const results = parts.flatMap((part) => (part.type === "tool-result" ? [part.name ?? "a tool"] : []));
  return results.length > 0 && results.length === parts.length ? `${results.join(", ")}, result` : role;
}

function Fold(props: {
  readonly glyph: KindGlyph;
  readonly name: string;
  readonly isOpen: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  const isOpen = useSignal(props.isOpen);
  return (
    <div class="msg">
      <button
        type="button"
        class="mh"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="chev" class="chev" />
        <Kind name={props.glyph} />
        <b class="cut">{line(props.name)}</b>
      </button>
      {isOpen.value && <div class="mb">{props.children}</div>}
    </div>
  );
}
