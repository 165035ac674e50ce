// Chooses one of the two: from the latest conversations and traces, or the calls of a conversation, or by its id.
import { type Signal, signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { API, type ConversationJson, type RowJson, type RowsJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { compact, line } from "../app/figures.ts";
import { param } from "../app/location.ts";
import { ago } from "../app/moments.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { rowsOf } from "../list/items.ts";
import type { KindGlyph } from "../parts/glyphs.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { choose, type SideName, type Subject, subjectOf } from "./subject.ts";

/** Which is being chosen. */
export const choosing: Signal<SideName | undefined> = signal(undefined);

/** Of each kind so many are offered. */
const MOST = 50;

/** Something to choose. */
interface Choice {
  readonly text: string;
  readonly kind: KindGlyph;
  readonly name: string;
  readonly note: string;
  readonly words: string;
}

/** The dialog. */
export function Choose({ side }: { readonly side: SideName }): JSX.Element {
  const typed = useSignal("");
  const at = useSignal(0);
  const own = subjectOf(param(side));
  const other = subjectOf(param(side === "a" ? "b" : "a"));
  const offered = useOffered(own, other);
  const choices = chosenFrom(offered, typed.value.trim());
  const close = (): void => {
    choosing.value = undefined;
  };
  const take = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    close();
    choose(side, choice.text);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") at.value = Math.min(choices.length - 1, at.value + 1);
    else if (event.key === "ArrowUp") at.value = Math.max(0, at.value - 1);
    else if (event.key === "Enter") take(choices[at.value]);
    else return;
    event.preventDefault();
  };
  const name = `Choose ${side.toUpperCase()}`;
  return (
    <Dialog id="find" label={name} onClose={close}>
      <div class="fbox">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label={name}
          aria-expanded={choices.length > 0}
          aria-controls="choices"
          aria-activedescendant={choices.length > 0 ? `choice-${at.value}` : undefined}
          placeholder="Words, a conversation, a trace, KEY#7, or TRACE/SPAN"
          spellcheck={false}
          autocomplete="off"
          value={typed.value}
          onInput={({ currentTarget }) => {
            typed.value = currentTarget.value;
            at.value = 0;
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div class="fres" role="listbox" id="choices" aria-label={name} tabIndex={-1}>
        {choices.map((choice, i) => (
          <div
            key={choice.text}
            id={`choice-${i}`}
            class="fhit"
            role="option"
            aria-selected={i === at.value}
            ref={(element) => {
              if (i === at.value) element?.scrollIntoView({ block: "nearest" });
            }}
            onClick={() => take(choice)}
          >
            <Kind name={choice.kind} />
            <span class="mono cut" title={choice.name}>
              {choice.name}
            </span>
            <span class="lab">{choice.note}</span>
            <span class="cut">{choice.words}</span>
          </div>
        ))}
      </div>
    </Dialog>
  );
}

/** Where the other is a call, calls are offered: only like is compared with like. */
function useOffered(own: Subject, other: Subject): readonly Choice[] {
  const isCall = other.call !== undefined || (other.text === "" && own.call !== undefined);
  const key = own.conversation ?? other.conversation;
  const conversations = useRowsOf("conversation");
  const traces = useRowsOf("trace");
  const calls = useResource(isCall && key !== undefined ? key : undefined, (abort) =>
    read<ConversationJson>(API.conversation(key ?? ""), {}, abort),
  );
  const talks = conversations.map((row) => {
    const choice = choiceOf(row, "turn", row.key);
    return isCall ? { ...choice, text: `${row.key}#${own.call || other.call || 1}` } : choice;
  });
  if (isCall) return [...(calls.data.value === undefined ? [] : callsOf(calls.data.value)), ...talks];
  return [...talks, ...traces.map((row) => choiceOf(row, "agent", row.key.slice(0, 8)))];
}

function useRowsOf(by: "conversation" | "trace"): readonly RowJson[] {
  const rows = useResource(by, (abort) => read<RowsJson>(API.rows, { by, limit: MOST }, abort));
  useBusy(rows.isLoading);
  return rows.data.value === undefined ? [] : rowsOf(rows.data.value.rows);
}

function choiceOf(row: RowJson, kind: KindGlyph, name: string): Choice {
  return {
    ...{ text: row.key, kind, name: line(name), note: ago(Date.parse(row.latest_at), Date.now()) },
    words: line(row.title ?? row.name ?? row.key),
  };
}

function callsOf({ key, turns }: ConversationJson): Choice[] {
  return turns.flatMap(({ number, first_call: first, calls, input_tokens: tokens }) =>
    Array.from({ length: calls }, (_, i): Choice => {
      const name = `call ${first + i}`;
      const words = `${line(key)}, turn ${number}, ${compact(tokens)} tokens in`;
      return { text: `${key}#${first + i}`, kind: "model", name, note: "", words };
    }),
  );
}

/** Those with what was typed; what was typed itself is the last. */
function chosenFrom(offered: readonly Choice[], typed: string): readonly Choice[] {
  if (typed === "") return offered.slice(0, 2 * MOST);
  const wanted = typed.toLowerCase();
  const found = offered.filter(({ text, name, words }) =>
    [text, name, words].some((one) => one.toLowerCase().includes(wanted)),
  );
  const own: Choice = { text: typed, kind: "other", name: line(typed), note: "", words: "as it is typed" };
  return [...found.slice(0, 2 * MOST), ...(found.some(({ text }) => text === typed) ? [] : [own])];
}
