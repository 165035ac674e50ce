// What completion offers: names, operators and values of the store.
import type { JSX } from "preact";
import { API, type CompletionJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { count } from "../app/figures.ts";
import type { Typed } from "./filter-text.ts";
import { ALL_TIMES } from "./range-menu.tsx";

/** One thing that completion offers. */
export interface Choice {
  readonly text: string;
  /** What stands in the filter when it is taken. */
  readonly literal: string;
  readonly note: string;
  readonly share: number | null;
}

/** What is filtered so far, and of which time. */
export interface Filtered {
  readonly where: string;
  readonly since: string;
  readonly until: string;
}

/** The list of what is offered. */
export function Choices(props: {
  readonly what: Typed;
  readonly choices: readonly Choice[];
  readonly chosen: number;
  readonly onTake: (choice: Choice) => void;
}): JSX.Element {
  const { what, choices } = props;
  return (
    <div class="pop">
      <div class="cap">
        {what.name === undefined ? (
          <span>names</span>
        ) : (
          <span>
            {what.wants === "operator" ? "after" : "values of"} <code>{what.name}</code>
          </span>
        )}
        <span class="grow" />
        <span>spans, in this range</span>
      </div>
      <div
        role="listbox"
        id="values"
        aria-label={what.name === undefined ? "Names" : `Values of ${what.name}`}
      >
        {choices.map((choice, i) => (
          <div
            key={choice.literal}
            id={`value-${i}`}
            class="opt"
            role="option"
            aria-selected={i === props.chosen}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => props.onTake(choice)}
          >
            <code class="cut">
              <Marked text={choice.text} part={what.text} />
            </code>
            {choice.share === null ? (
              <span />
            ) : (
              <span class="share">
                <i style={{ "--w": `${(choice.share * 100).toFixed(1)}%` }} />
              </span>
            )}
            <span class="num soft">{choice.note}</span>
          </div>
        ))}
      </div>
      <div class="foot">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> choose
        </span>
        <span>
          <kbd>Tab</kbd> take
        </span>
        <span>
          <kbd>Enter</kbd> apply
        </span>
      </div>
    </div>
  );
}

/** A text with the part that was typed marked. */
function Marked({ text, part }: { readonly text: string; readonly part: string }): JSX.Element {
  const at = part === "" ? -1 : text.toLowerCase().indexOf(part.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + part.length)}</mark>
      {text.slice(at + part.length)}
    </>
  );
}

/** What may come where somebody types. */
export async function choicesFor(what: Typed, query: Filtered): Promise<Choice[]> {
  const range = { since: query.since === ALL_TIMES ? "" : query.since, until: query.until };
  const asked = { ...range, name: what.name, text: what.wants === "operator" ? "" : what.text };
  const found = await read<CompletionJson>(API.complete, asked).catch(() => undefined);
  if (found === undefined) return [];
  if (what.name === undefined) return found.names.slice(0, MOST).map(nameChoice);
  if (what.wants === "operator") {
    const operators = found.operators.filter((one) => one.startsWith(what.text));
    return operators.map((one) => ({ text: one, literal: one, note: "", share: null }));
  }
  const most = Math.max(1, ...found.values.map((value) => value.count ?? 0));
  return found.values.slice(0, MOST).map(({ text, literal, count: n }) => ({
    ...{ text, literal, note: n === null ? "" : count(n), share: n === null ? null : n / most },
  }));
}

function nameChoice({ name, type, share }: CompletionJson["names"][number]): Choice {
  return { text: name, literal: name, note: type, share };
}

const MOST = 12;
