// Rows that are marked to be compared: at most two, the latest ones; they stay while the list is filtered.
import { type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import type { RowJson } from "../../src/viewer/api.ts";
import { bounded } from "../app/figures.ts";
import { compareUrl, open } from "../app/location.ts";
import { Icon } from "../parts/icon.tsx";

/** A row that is marked. */
interface Marked {
  readonly key: string;
  readonly name: string;
}

const MOST = 2;

const marked: Signal<readonly Marked[]> = signal([]);
/** True where rows have boxes to mark them. */
const isMarking: Signal<boolean> = signal(false);

/** Marks a row, or takes its mark away. */
export function turnMark(row: RowJson): void {
  const rest = marked.value.filter(({ key }) => key !== row.key);
  const isNew = rest.length === marked.value.length;
  marked.value = isNew
    ? [...rest, { key: row.key, name: row.title ?? row.name ?? row.key }].slice(-MOST)
    : rest;
}

/** Takes all marks away; false where there are none. */
export function clearMarks(): boolean {
  const had = marked.value.length > 0 || isMarking.value;
  marked.value = [];
  isMarking.value = false;
  return had;
}

/** Compares the two that are marked; false where it is not two. */
export function compareMarked(): boolean {
  const [a, b] = marked.value;
  if (a === undefined || b === undefined) return false;
  open(compareUrl(a.key, b.key));
  return true;
}

/** Shows and hides the boxes. */
export function MarkButton(): JSX.Element {
  return (
    <button
      class="btn markbtn"
      type="button"
      aria-pressed={isMarking.value}
      title="Mark two, to compare them: x marks a row"
      onClick={() => {
        if (isMarking.value) clearMarks();
        else isMarking.value = true;
      }}
    >
      <Icon name="swap" />
      <span class="said">Compare</span>
    </button>
  );
}

/** The box of a row; without boxes, the letter of one that is marked. */
export function Mark({ row }: { readonly row: RowJson }): JSX.Element | null {
  const at = marked.value.findIndex(({ key }) => key === row.key);
  const letter = at < 0 ? undefined : "AB".charAt(at);
  if (!isMarking.value) return letter === undefined ? null : <b class="mk1">{letter}</b>;
  return (
    <label class="mkbox">
      <input
        type="checkbox"
        aria-label={`Mark ${bounded(row.title ?? row.key, 80)}, to compare`}
        checked={at >= 0}
        tabIndex={-1}
        onChange={() => turnMark(row)}
      />
      {letter !== undefined && <b class="mk1">{letter}</b>}
    </label>
  );
}

/** What is marked, and what can be done with it. */
export function Marks(): JSX.Element | null {
  const two = marked.value;
  if (two.length === 0 && !isMarking.value) return null;
  return (
    <div class="marks" role="status">
      {two.length === 0 && <span class="soft">Mark two rows, to compare them</span>}
      {two.map(({ key, name }, i) => (
        <span key={key} class="cut">
          <b class="mk1">{"AB".charAt(i)}</b> {bounded(name, 80)}
        </span>
      ))}
      <span class="grow" />
      {two.length === MOST && (
        <button class="btn solid" type="button" onClick={() => compareMarked()}>
          Compare both
        </button>
      )}
      {two.length === 1 && <span class="soft">one more</span>}
      <button class="btn quiet" type="button" onClick={() => clearMarks()}>
        Clear
      </button>
    </div>
  );
}
