// The filter: typed as the command has it, coloured, with completion from the store, and told what is wrong at its place.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ProblemJson } from "../../src/viewer/api.ts";
import { useKeys } from "../app/keys.ts";
import { Icon } from "../parts/icon.tsx";
import { type Choice, Choices, choicesFor, type Filtered } from "./choices.tsx";
import { cursorIn, type Piece, piecesOf, type Typed } from "./filter-text.ts";

const ASK_AFTER_MS = 120;

/** The filter bar's input. `onApply` is called when a filter is finished or taken. */
export function FilterBar(props: {
  readonly query: Filtered;
  /** An example, shown while nothing is typed. */
  readonly hint: string;
  readonly problem: ProblemJson | undefined;
  readonly onApply: (where: string) => void;
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const text = useSignal(props.query.where);
  const offered = useSignal<{ readonly what: Typed; readonly choices: readonly Choice[] } | undefined>(
    undefined,
  );
  const chosen = useSignal(0);
  const scrolled = useSignal(0);
  useEffect(() => {
    text.value = props.query.where;
  }, [props.query.where]);
  useKeys({
    "/": () => input.current?.focus(),
  });
  const close = (): void => {
    look.drop();
    offered.value = undefined;
  };
  const look = useLatest(async (isAsked, isWanted): Promise<void> => {
    const at = input.current?.selectionStart ?? text.value.length;
    const what = cursorIn(text.value, at);
    if (!isAsked && what.text === "") return close();
    const choices = await choicesFor(what, props.query);
    if (!isWanted()) return;
    offered.value = choices.length > 0 ? { what, choices } : undefined;
    chosen.value = 0;
  });
  const take = (choice: Choice): void => {
    const { what } = offered.value ?? { what: cursorIn(text.value, text.value.length) };
    const before = text.value.slice(0, what.from);
    const next = `${before}${choice.literal} `;
    text.value = next + text.value.slice(what.to).trimStart();
    close();
    const { current } = input;
    if (current === null) return;
    current.value = text.value;
    current.setSelectionRange(next.length, next.length);
    look.soon(true);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { choices = [] } = offered.value ?? {};
    const choice = choices[chosen.value];
    if (event.key === "ArrowDown" && choices.length === 0) look.soon(true);
    else if (event.key === "ArrowDown") chosen.value = (chosen.value + 1) % choices.length;
    else if (event.key === "ArrowUp")
      chosen.value = (chosen.value + choices.length - 1) % Math.max(1, choices.length);
    else if (event.key === "Tab" && choice !== undefined) take(choice);
    else if (event.key === "Enter") {
      close();
      props.onApply(text.value.trim());
    } else if (event.key === "Escape") {
      if (offered.value === undefined) input.current?.blur();
      close();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const pieces = piecesOf(
    text.value,
    text.value.trim() === props.query.where ? props.problem?.place : undefined,
  );
  return (
    <>
      <div class={`filter ${offered.value === undefined ? "" : "on"}`} role="search">
        <Icon name="filter" />
        <div class="q">
          <div class="ink" aria-hidden="true" style={{ "--x": `${-scrolled.value}px` }}>
            {pieces.map(({ text: part, kind }: Piece, i) => (
              <span key={i} class={kind}>
                {part}
              </span>
            ))}
          </div>
          <input
            ref={input}
            type="text"
            role="combobox"
            aria-label="Filter"
            aria-expanded={offered.value !== undefined}
            aria-controls="values"
            aria-autocomplete="list"
            aria-activedescendant={offered.value === undefined ? undefined : `value-${chosen.value}`}
            aria-invalid={props.problem !== undefined}
            spellcheck={false}
            autocomplete="off"
            placeholder={props.hint}
            value={text.value}
            onInput={({ currentTarget }) => {
              text.value = currentTarget.value;
              look.soon(false);
            }}
            onScroll={({ currentTarget }) => {
              scrolled.value = currentTarget.scrollLeft;
            }}
            onKeyDown={onKeyDown}
            onBlur={close}
          />
        </div>
        {text.value === "" ? (
          <kbd>/</kbd>
        ) : (
          <button
            class="ib sq"
            type="button"
            aria-label="Clear the filter"
            onClick={() => {
              text.value = "";
              props.onApply("");
            }}
          >
            <Icon name="close" />
          </button>
        )}
        {offered.value !== undefined && <Choices {...offered.value} chosen={chosen.value} onTake={take} />}
      </div>
      {props.problem !== undefined && (
        <Says
          problem={props.problem}
          onMend={(mended) => {
            text.value = mended;
            props.onApply(mended);
          }}
          where={props.query.where}
        />
      )}
    </>
  );
}

function Says(props: {
  readonly problem: ProblemJson;
  readonly where: string;
  readonly onMend: (where: string) => void;
}): JSX.Element {
  const { place, detail } = props.problem;
  const mend = place?.mend;
  if (place === undefined || mend === undefined) {
    return (
      <p class="says" role="alert">
        {place?.message ?? detail}
      </p>
    );
  }
  const { where } = props;
  const mended = where.slice(0, place.at) + mend + where.slice(place.at + place.length);
  return (
    <p class="says" role="alert">
      {place.message.replace(/; did you mean .*$/s, "")}; did you mean{" "}
      <button type="button" class="morel" onClick={() => props.onMend(mended)}>
        {mend}
      </button>
      ?
    </p>
  );
}

type Looking = (isAsked: boolean, isWanted: () => boolean) => Promise<void>;

/** The last call of a function alone is done, a little later, unless it is dropped; whether it still is wanted it can ask. */
function useLatest(work: Looking): { readonly soon: (isAsked: boolean) => void; readonly drop: () => void } {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(work);
  latest.current = work;
  const drop = (): void => {
    clearTimeout(timer.current);
    timer.current = undefined;
  };
  const soon = (isAsked: boolean): void => {
    drop();
    const own = setTimeout(
      () => void latest.current(isAsked, () => timer.current === own),
      isAsked ? 0 : ASK_AFTER_MS,
    );
    timer.current = own;
  };
  return { soon, drop };
}
