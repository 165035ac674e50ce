// The messages of a model call: the newest first and open, what was there before folded, what is always there last.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import type { MessageJson, ReadingJson } from "../../src/viewer/api.ts";
import { count, counted, line } from "../app/figures.ts";
import type { LensOf } from "../context/lens.ts";
import { type TokensOf, useTokensOf } from "../context/placed.ts";
import type { KindGlyph } from "../parts/glyphs.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { type OfSpan, Value } from "../value/value.tsx";
import { groupsOf } from "./groups.ts";
import { Part, Result } from "./part.tsx";

const SHOWN_BEFORE = 3;

/** What the tab needs. */
export interface MessagesProps {
  readonly reading: ReadingJson;
  readonly of: OfSpan;
}

/** The tab of messages of a call of which the lens tells the tokens. */
export function WeighedMessages(props: MessagesProps & { readonly lensOf: LensOf }): JSX.Element {
  return <Messages {...props} tokensOf={useTokensOf(props.lensOf, props.of.spanId)} />;
}

/** The tab of messages. */
export function Messages(props: MessagesProps & { readonly tokensOf?: TokensOf }): JSX.Element {
  const { reading, of, tokensOf } = props;
  const { input_messages: messages, earlier_messages: earlier } = reading;
  const from = Math.max(0, messages.findLastIndex(isModel));
  const pieces = messages.map((message, i) => piecesOf(message, earlier + i, tokensOf));
  const fresh = pieces.slice(from).flat();
  const before = pieces.slice(0, from).flat().toReversed();
  const shown = useSignal(SHOWN_BEFORE);
  return (
    <section class="sec flush">
      {fresh.length > 0 && <Heading title="New in this call" note={counted(fresh.length, "message")} />}
      {fresh.map((piece, i) => (
        <OnePiece key={`new ${i}`} piece={piece} of={of} isOpen />
      ))}
      {before.length > 0 && (
        <Heading title="Before that" note={counted(before.length + earlier, "message")} />
      )}
      {before.slice(0, shown.value).map((piece, i) => (
        <OnePiece key={`before ${before.length - i}`} piece={piece} of={of} isOpen={false} />
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
      {earlier > 0 && shown.value > before.length && (
        <p class="mute pad">{count(earlier)} before these are in Raw</p>
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

/** What came since the model last spoke begins with what it said. */
function isModel({ role }: Pick<MessageJson, "role">): boolean {
  return role === "assistant" || role === "model";
}

interface Piece extends MessageJson {
  readonly tokens: number | undefined;
}

function piecesOf({ role, parts }: MessageJson, message: number, tokensOf: TokensOf | undefined): Piece[] {
  return groupsOf(parts).map((group, at) => ({ role, parts: group, tokens: tokensOf?.(message, at) }));
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

/** A result of a tool by its tool's name, and anything else by who said it. */
function OnePiece(props: {
  readonly piece: Piece;
  readonly of: OfSpan;
  readonly isOpen: boolean;
}): JSX.Element {
  const { piece, of, isOpen } = props;
  const [first] = piece.parts;
  if (first?.type === "tool-result") {
    return (
      <Fold
        glyph="tool"
        name={`${first.name ?? first.id ?? "a tool"}, result`}
        tokens={piece.tokens}
        isOpen={isOpen}
      >
        <Result part={first} of={of} />
      </Fold>
    );
  }
  const glyph = isModel(piece) ? "model" : piece.role === "user" ? "user" : "other";
  return (
    <Fold glyph={glyph} name={piece.role} tokens={piece.tokens} isOpen={isOpen}>
      {piece.parts.map((part, i) => (
        <Part key={i} part={part} of={of} />
      ))}
    </Fold>
  );
}

function Fold(props: {
  readonly glyph: KindGlyph;
  readonly name: string;
  readonly tokens?: number | undefined;
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
        {props.tokens !== undefined && (
          <>
            <span class="grow" />
            <span class="mute num" title="Estimated">
              {counted(props.tokens, "token")}
            </span>
          </>
        )}
      </button>
      {isOpen.value && <div class="mb">{props.children}</div>}
    </div>
  );
}
