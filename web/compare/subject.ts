// What is compared, as the URL names it: `TRACE`, `TRACE/SPAN`, the key of a conversation, or `KEY#7` for its seventh call.
import { API, type CompareJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { useChanges } from "../app/live.ts";
import { change, param } from "../app/location.ts";
import { type Resource, useBusy, useResource } from "../app/resource.ts";

/** The first, or the second. */
export type SideName = "a" | "b";

/** Both are named so. */
export const SIDES: readonly SideName[] = ["a", "b"];

/** A place in the store. */
export interface Subject {
  /** As it stands in the URL. */
  readonly text: string;
  /** The key of a conversation; undefined where it is a trace. */
  readonly conversation: string | undefined;
  /** Of a call, its number through the conversation; 0 where its span is named. */
  readonly call: number | undefined;
}

/** What a text names. */
export function subjectOf(text: string): Subject {
  const [isTrace, span] = /^[0-9a-f]{32}(\/[0-9a-f]{16})?$/i.exec(text) ?? [];
  if (isTrace !== undefined)
    return { text, conversation: undefined, call: span === undefined ? undefined : 0 };
  const [, key, number] = /^(.*)#(\d{1,9})$/s.exec(text) ?? [];
  return { text, conversation: key ?? text, call: number === undefined ? undefined : Number(number) };
}

/** Chooses one of both. */
export function choose(side: SideName, text: string): void {
  change(side === "a" ? { a: text } : { b: text });
}

/** Turns both around. */
export function swap(): void {
  change({ a: param("b"), b: param("a") });
}

/** What runs is compared anew at most so often. */
const PAUSE_MS = 2000;

/** What came of the comparison that the URL names. */
export function useComparison(): Resource<CompareJson> {
  const [a, b] = [param("a"), param("b")];
  const found = useResource(a === "" || b === "" ? undefined : `${a} ${b}`, (abort) =>
    read<CompareJson>(API.compare(a, b), {}, abort),
  );
  useBusy(found.isLoading);
  const shown = found.data.value;
  useChanges(found.reload, PAUSE_MS, ({ traces, conversations }) => {
    if (shown?.kind !== "steps" || (shown.a.state !== "running" && shown.b.state !== "running")) return false;
    return [a, b].some((one) => traces.includes(one) || conversations.includes(one));
  });
  return found;
}
