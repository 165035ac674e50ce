// Streams of model clients that read by themselves and tell by events: `client.messages.stream()` and the like.
import type { Watcher, WorkEnd } from "../steps.ts";
import { hideMethod, methodOf } from "./define.ts";

/** Watches what the stream tells its listeners; a listener of our own would make it take errors for handled. */
export function watchEmitter(source: object, watcher: Watcher): object | undefined {
  const emit = methodOf(source, "_emit");
  if (emit === undefined || methodOf(source, "on") === undefined || !("ended" in source)) return undefined;
  if (source.ended === true) watcher.end(endOf(source));
  // It asks by itself, until it ends.
  watcher.waits?.(true);
  hideMethod(source, "_emit", (event, ...args) => {
    if (CHUNKS.has(event)) told(watcher, args[0]);
    if (event === "error" || event === "abort") watcher.end({ how: "failed", error: args[0] });
    if (event === "end") watcher.end({ how: "done" });
    return emit(event, ...args);
  });
  return source;
}

function told(watcher: Watcher, value: unknown): void {
  watcher.chunk(value);
  watcher.waits?.(true);
}

/** Of one that had ended before. */
function endOf(source: object): WorkEnd {
  if (Reflect.get(source, "aborted") === true) return { how: "abandoned" };
  if (Reflect.get(source, "errored") !== true) return { how: "done" };
  return { how: "failed", error: new Error("The stream had failed before it was followed.") };
}

/** Each has one for all that comes: Anthropic's, and OpenAI's two. */
const CHUNKS: ReadonlySet<unknown> = new Set(["streamEvent", "chunk", "event"]);
