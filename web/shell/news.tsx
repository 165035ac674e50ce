// What changes while the page is open, for those who listen to it: at most one sentence in ten seconds.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { counted } from "../app/figures.ts";
import { listen, liveState } from "../app/live.ts";

const EVERY_MS = 10_000;

/** The sentence; nobody sees it. */
export function News(): JSX.Element {
  const changed = useSignal("");
  useEffect(() => {
    let keys = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const say = (): void => {
      changed.value = keys.size === 0 ? "" : `${counted(keys.size, "conversation")} changed`;
      timer = keys.size === 0 ? undefined : setTimeout(say, EVERY_MS);
      keys = new Set();
    };
    const stop = listen({
      changed: ({ conversations }) => {
        for (const key of conversations) keys.add(key);
        if (keys.size > 0 && timer === undefined) say();
      },
      reload: () => undefined,
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return (
    <p class="vh" aria-live="polite">
      {liveState.value === "lost" ? "The connection is lost" : changed.value}
    </p>
  );
}
