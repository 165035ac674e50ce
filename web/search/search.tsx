// The search for words, anywhere: hits by conversation, newest first. Ctrl+Enter shows the conversations in the list.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { API, type FoundJson, type SearchJson, type SnippetJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { counted, line, shortModel } from "../app/figures.ts";
import { open, traceUrl, urlOf } from "../app/location.ts";
import { ago } from "../app/moments.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { ALL_TIMES } from "../filter/range-menu.tsx";
import { Icon, Kind } from "../parts/icon.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { isSearchOpen } from "../shell/dialogs.ts";
import { KIND_WORDS, shownKind } from "../trace/kinds.ts";

const ASK_AFTER_MS = 150;
const LIMIT = 50;

/** Hits of one conversation, or of a trace that is of none. `at` is when the latest of them began. */
interface Group {
  readonly key: string;
  readonly name: string;
  readonly user: string | null;
  readonly at: number;
  readonly hits: FoundJson[];
}

/** The dialog. */
export function Search(): JSX.Element {
  const text = useSignal("");
  const asked = useSignal("");
  const chosen = useSignal(0);
  useEffect(() => {
    const timer = setTimeout(() => {
      asked.value = text.value.trim();
      chosen.value = 0;
    }, ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text.value]);
  const found = useResource(asked.value === "" ? undefined : asked.value, (signal) =>
    read<SearchJson>(API.search, { q: asked.value, limit: LIMIT }, signal),
  );
  useBusy(found.isLoading);
  const data = asked.value === "" ? undefined : found.data.value;
  const groups = useMemo(() => groupsOf(data?.hits ?? []), [data]);
  const hits = groups.flatMap((group) => group.hits);
  const close = (): void => {
    isSearchOpen.value = false;
  };
  const go = (hit: FoundJson | undefined): void => {
    if (hit === undefined) return;
    close();
    open(traceUrl(hit.trace_id, { span: hit.span_id }));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") chosen.value = Math.min(hits.length - 1, chosen.value + 1);
    else if (event.key === "ArrowUp") chosen.value = Math.max(0, chosen.value - 1);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      close();
      if (hits.length > 0) open(urlOf("", { q: tracesFilter(hits), since: ALL_TIMES }));
    } else if (event.key === "Enter") go(hits[chosen.value]);
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
          aria-expanded={hits.length > 0}
          aria-controls="hits"
          aria-activedescendant={hits.length > 0 ? `hit-${chosen.value}` : undefined}
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
          <Hits key={group.key} group={group} all={hits} chosen={chosen.value} onOpen={go} />
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

function Hits(props: {
  readonly group: Group;
  readonly all: readonly FoundJson[];
  readonly chosen: number;
  readonly onOpen: (hit: FoundJson) => void;
}): JSX.Element {
  const { group, all, chosen } = props;
  return (
    <div role="group" aria-label={group.name}>
      <div class="fgrp" role="presentation">
        <b>{line(group.name)}</b>
        {group.user !== null && <span>{line(group.user)}</span>}
        <span>{ago(group.at, Date.now())}</span>
      </div>
      {group.hits.map((hit) => (
        <Hit
          key={hit.span_id}
          hit={hit}
          index={all.indexOf(hit)}
          isChosen={all[chosen] === hit}
          onOpen={props.onOpen}
        />
      ))}
    </div>
  );
}

function Hit(props: {
  readonly hit: FoundJson;
  readonly index: number;
  readonly isChosen: boolean;
  readonly onOpen: (hit: FoundJson) => void;
}): JSX.Element {
  const { hit, isChosen } = props;
  const kind = shownKind(hit.kind);
  const name = line(hit.called ?? hit.span_name);
  const [snippet] = hit.snippets;
  return (
    <div
      id={`hit-${props.index}`}
      class="fhit"
      role="option"
      aria-selected={isChosen}
      ref={(element) => {
        if (isChosen) element?.scrollIntoView({ block: "nearest" });
      }}
      onClick={() => props.onOpen(hit)}
    >
      <Kind name={kind} label={KIND_WORDS[kind][0]} />
      <span class="mono cut" title={name}>
        {kind === "model" ? shortModel(name) : name}
      </span>
      <span class="lab">{snippet?.label}</span>
      <span class="cut">{snippet && <Snippet of={snippet} />}</span>
    </div>
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

/** The conversation with the latest hit first, whatever order the store has. */
function groupsOf(hits: readonly FoundJson[]): Group[] {
  const groups = new Map<string, Group>();
  for (const hit of hits) {
    const id = hit.conversation_id;
    const isOfNone = id === null || id === undefined;
    const key = isOfNone ? hit.trace_id : JSON.stringify(id);
    const name = isOfNone ? hit.trace_id.slice(0, 8) : typeof id === "string" ? id : key;
    const { hits: others = [], at = 0, user = null } = groups.get(key) ?? {};
    groups.set(key, {
      ...{ key, name, user: user ?? hit.user, hits: [...others, hit] },
      at: Math.max(at, Date.parse(hit.started_at)),
    });
  }
  return [...groups.values()].sort((a, b) => b.at - a.at);
}

/** The traces that have the hits, as a filter of the list. */
function tracesFilter(hits: readonly FoundJson[]): string {
  const ids = [...new Set(hits.map((hit) => hit.trace_id))];
  return `trace_id in (${ids.map((id) => JSON.stringify(id)).join(", ")})`;
}
