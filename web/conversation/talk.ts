// What the chat asks for: the conversation once, each turn when it comes near the window, again where it changed.
import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { API, type ConversationJson, type TurnTalkJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { useChanges } from "../app/live.ts";
import { type Resource, useResource } from "../app/resource.ts";

const REFRESH_MS = 300;

/** The conversation, read again where it changes. `version` counts that. */
export function useConversation(key: string): {
  readonly conversation: Resource<ConversationJson>;
  readonly version: Signal<number>;
} {
  const version = useSignal(0);
  const conversation = useResource(`${key} ${version.value}`, (signal) =>
    read<ConversationJson>(API.conversation(key), {}, signal),
  );
  const refresh = (): void => void version.value++;
  useChanges(refresh, REFRESH_MS, ({ conversations }) => conversations.includes(key));
  return { conversation, version };
}

/** What was said in a turn. One that has ended is asked for once, one that runs again with each change. */
export function useTurn(key: string, number: number, mark: string | undefined): Resource<TurnTalkJson> {
  const asked = mark === undefined ? undefined : `${key} ${number} ${mark}`;
  const kept = useRef(asked);
  if (asked !== undefined) kept.current = asked;
  return useResource(kept.current, (signal) => read<TurnTalkJson>(API.turn(key, number), {}, signal));
}
