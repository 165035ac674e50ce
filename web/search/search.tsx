// The search for words, anywhere: hits by conversation, newest first. Ctrl+Enter shows the conversations in the list.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { API, type FoundJson, type SearchJson, type SnippetJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { count, counted, line, shortModel } from "../app/figures.ts";
import { open, traceUrl, urlOf } from "../app/location.ts";
import { ago } from "../app/moments.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { ALL_TIMES } from "../filter/range-menu.tsx";
import { Icon, Kind } from "../parts/icon.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { isSearchOpen } from "../shell/dialogs.ts";
import { KIND_WORDS, shownKind } from "../trace/kinds.ts";
import { type Group, groupsOf, shownOf } from "./groups.ts";

const ASK_AFTER_MS = 150;
const LIMIT = 50;

/** The dialog. */
export function Search(): JSX.Element {
  const text = useSignal("");
  const asked = useSignal("");
  const picked = useSignal<number | undefined>(undefined);
  /** Groups of which all is shown. */
  const opened = useSignal<readonly string[]>([]);
  useEffect(() => {
    const timer = setTimeout(() => {
      asked.value = text.value.trim();
      picked.value = undefined;
      opened.value = [];
    }, ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text.value]);
  const found = useResource(asked.value === "" ? undefined : asked.value, (signal) =>
    read<SearchJson>(API.search, { q: asked.value, limit: LIMIT }, signal),
  );
  useBusy(found.isLoading);
  const data = asked.value === "" ? undefined : found.data.value;
  const groups = useMemo(() => groupsOf(data?.hits ?? []), [data]);
  const rows = groups.flatMap((group) => rowsOf(group, opened.value.includes(group.key)));
  const isThere = rows.length > 0;
  const chosen = picked.value ?? rows.findIndex(({ hit }) => hit !== undefined);
  const close = (): void => {
    isSearchOpen.value = false;
  };
  const go = (row: Row | undefined): void => {
    if (row === undefined) return;
    if (row.hit === undefined) {
      opened.value = [...opened.value, row.group.key];
      picked.value = rows.indexOf(row);
      return;
    }
    close();
    open(traceUrl(row.hit.trace_id, { span: row.hit.span_id }));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") picked.value = Math.min(rows.length - 1, chosen + 1);
    else if (event.key === "ArrowUp") picked.value = Math.max(0, chosen - 1);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      close();
      if (data !== undefined && isThere) open(urlOf("", { q: tracesFilter(data.hits), since: ALL_TIMES }));
    } else if (event.key === "Enter") go(rows[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog id="find" label="Search words" onClose={close}>
      <div class="fbox">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label="Search words"
          aria-expanded={isThere}
          aria-controls="hits"
          aria-activedescendant={isThere ? `hit-${chosen}` : undefined}
          spellcheck={false}
          autocomplete="off"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
          }}
          onKeyDown={onKeyDown}
        />
        <span class="mute" role="status">
          {found.problem.value !== undefined && asked.value !== ""
            ? found.problem.value.message
            : data && said(data, groups.length)}
        </span>
      </div>
      <div class="fres" role="listbox" id="hits" aria-label="Spans" tabIndex={-1}>
        {groups.map((group) => (
          <Hits key={group.key} group={group} rows={rows} chosen={chosen} onOpen={go} />
        ))}
      </div>
      <div class="foot">
        <span>
          <kbd>↑</kbd>
          <kbd>↓</kbd> choose
        </span>
        <span>
          <kbd>Enter</kbd> open the span
        </span>
        <span>
          <kbd>Ctrl+Enter</kbd> show these in the list
        </span>
        <span class="grow" />
        <span>"in a row" &nbsp; begin* &nbsp; -without</span>
      </div>
    </Dialog>
  );
}

function said({ hits, more }: SearchJson, groups: number): string {
  if (hits.length === 0) return "Nothing has these words";
  return `${counted(hits.length, "span")}${more ? " and more" : ""} in ${counted(groups, "conversation")}`;
}

/** What can be chosen: a hit, or all that its conversation has beside those that are shown. */
interface Row {
  readonly group: Group;
  readonly hit: FoundJson | undefined;
}

function rowsOf(group: Group, isOpen: boolean): Row[] {
  const shown = isOpen ? group.hits : shownOf(group);
  const more = shown.length < group.hits.length ? [{ group, hit: undefined }] : [];
  return [...more, ...shown.map((hit) => ({ group, hit }))];
}

function Hits(props: {
  readonly group: Group;
  /** Of all groups: their places are those of the keys. */
  readonly rows: readonly Row[];
  readonly chosen: number;
  readonly onOpen: (row: Row) => void;
}): JSX.Element {
  const { group, rows, chosen } = props;
  const from = rows.findIndex((row) => row.group === group);
  const own = rows.filter((row) => row.group === group);
  const options = own.map((row, i) => (
    <Option
      key={row.hit?.span_id ?? ""}
      index={from + i}
      isChosen={from + i === chosen}
      onOpen={() => props.onOpen(row)}
    >
      {row.hit === undefined ? (
        `${count(group.hits.length - own.length + 1)} more here`
      ) : (
        <Hit hit={row.hit} />
      )}
    </Option>
  ));
  const hasMore = own[0]?.hit === undefined;
  return (
    <div role="group" aria-label={group.name}>
      <div class="fgrp" role="presentation">
        <b>{line(group.name)}</b>
        {group.user !== null && <span>{line(group.user)}</span>}
        <span>{ago(group.at, Date.now())}</span>
        {hasMore && options[0]}
      </div>
      {hasMore ? options.slice(1) : options}
    </div>
  );
}

function Option(props: {
  readonly index: number;
  readonly isChosen: boolean;
  readonly onOpen: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div
      id={`hit-${props.index}`}
      class="fhit"
      role="option"
      aria-selected={props.isChosen}
      ref={(element) => {
        if (props.isChosen) element?.scrollIntoView({ block: "nearest" });
      }}
      onClick={props.onOpen}
    >
      {props.children}
    </div>
  );
}

function Hit({ hit }: { readonly hit: FoundJson }): JSX.Element {
  const kind = shownKind(hit.kind);
  const name = line(hit.called ?? hit.span_name);
  const [snippet] = hit.snippets;
  return (
    <>
      <Kind name={kind} label={KIND_WORDS[kind][0]} />
      <span class="mono cut" title={name}>
        {kind === "model" ? shortModel(name) : name}
      </span>
      <span class="lab">{snippet?.label}</span>
      <span class="cut">{snippet && <Snippet of={snippet} />}</span>
    </>
  );
}

function Snippet({ of: { text, hits } }: { readonly of: SnippetJson }): JSX.Element {
  const pieces: (JSX.Element | string)[] = [];
  let from = 0;
  for (const hit of hits) {
    const at = text.indexOf(hit, from);
    if (at < 0) continue;
    pieces.push(text.slice(from, at), <mark key={at}>{hit}</mark>);
    from = at + hit.length;
  }
  return (
    <>
      {pieces}
      {text.slice(from)}
    </>
  );
}

/** The traces that have the hits, as a filter of the list. */
function tracesFilter(hits: readonly FoundJson[]): string {
  const ids = [...new Set(hits.map((hit) => hit.trace_id))];
  return `trace_id in (${ids.map((id) => JSON.stringify(id)).join(", ")})`;
}
