// What the server says of the windows of a conversation's calls: asked for when it is looked at, again where it changed, never often.
import { type Signal, signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import {
  API,
  type CallNameJson,
  type ContextAnswerJson,
  type ContextCallJson,
  type ContextJson,
} from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { line } from "../app/figures.ts";
import { useChanges } from "../app/live.ts";
import { type Resource, useResource } from "../app/resource.ts";

/** Whose windows: a conversation's, or those of a trace that is in none. */
export type LensOf = { readonly conversation: string } | { readonly trace: string };

/** A lens is read anew at most so often: the server looks at all calls for it. */
const PAUSE_MS = 3000;

/** What was said last, by whomever it was asked for. */
const latest: Signal<{ readonly key: string; readonly lens: ContextJson } | undefined> = signal(undefined);

/** The calls of a conversation by their spans, as they are known by now. */
export type LensCalls = ReadonlyMap<string, ContextCallJson>;

/** Calls that the lens knows; it is asked for unless the panel beside them asks for one of them. */
export function useLensCalls(of: LensOf, isAskedForElsewhere: boolean): LensCalls {
  const key = keyOf(of);
  const known = latest.value?.key === key ? latest.value.lens : undefined;
  const version = useVersion(of);
  const isWanted = !isAskedForElsewhere && (known === undefined || version > 0);
  const lens = useResource(isWanted ? `${key} ${version}` : undefined, (abort) =>
    read<ContextAnswerJson>(pathOf(of), {}, abort),
  );
  useLatest(key, lens.data.value);
  const kept = useRef<{ readonly lens: ContextJson; readonly calls: LensCalls } | undefined>(undefined);
  if (known === undefined) return NO_CALLS;
  if (kept.current?.lens !== known)
    kept.current = { lens: known, calls: new Map(known.calls.map((call) => [call.span_id, call])) };
  return kept.current.calls;
}

const NO_CALLS: LensCalls = new Map();

/** The lens with one call opened. What is known of all calls is there before the answer is. */
export function useOpenedCall(
  of: LensOf,
  spanId: string,
): { readonly answer: Resource<ContextAnswerJson>; readonly lens: ContextJson | undefined } {
  const key = keyOf(of);
  const version = useVersion(of);
  const answer = useResource(`${key} ${spanId} ${version}`, (abort) =>
    read<ContextAnswerJson>(pathOf(of, spanId), {}, abort),
  );
  useLatest(key, answer.data.value);
  return { answer, lens: latest.value?.key === key ? latest.value.lens : undefined };
}

function useLatest(key: string, lens: ContextJson | undefined): void {
  useEffect(() => {
    if (lens !== undefined) latest.value = { key, lens };
  }, [lens]);
}

/** Counts the changes. */
function useVersion(of: LensOf): number {
  const version = useSignal(0);
  useChanges(
    () => {
      version.value++;
    },
    PAUSE_MS,
    ({ conversations, traces }) =>
      "conversation" in of ? conversations.includes(of.conversation) : traces.includes(of.trace),
  );
  return version.value;
}

function keyOf(of: LensOf): string {
  return "conversation" in of ? `c ${of.conversation}` : `t ${of.trace}`;
}

function pathOf(of: LensOf, call?: string): string {
  return "conversation" in of ? API.context(of.conversation, call) : API.traceContext(of.trace, call);
}

/** `call 7`; of a sub-agent's, whose it is. */
export function callName({ number }: CallNameJson, agent?: string | null): string {
  return number === null ? `a call of ${line(agent ?? "a sub-agent")}` : `call ${number}`;
}
