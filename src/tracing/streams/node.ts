// Node's readable streams: what comes in and how it ends is watched, and nothing is read.
import type { Readable } from "node:stream";
import { activeFrame, runIn } from "../context.ts";
import type { Watcher } from "../steps.ts";
import { hideMethod, methodOf } from "./define.ts";

/** Watches a readable stream, without a listener: none of ours makes it flow, or takes an error for handled. */
export function watchNodeStream(stream: object, watcher: Watcher): object | undefined {
  if (!isReadable(stream)) return undefined;
  if (stream.readableEnded) watcher.end({ how: "done" });
  else if (stream.destroyed) closed(stream, watcher);
  else watchReading(stream, watcher);
  return stream;
}

function isReadable(stream: object): stream is Readable {
  return ["_read", "push", "pipe", "emit"].every((name) => typeof Reflect.get(stream, name) === "function");
}

function watchReading(stream: Readable, watcher: Watcher): void {
  watchSource(stream, watcher);
  const emit = methodOf(stream, "emit");
  // Whatever is read is told as `data`, whether somebody listens or not; a listener of our own would make it flow.
  hideMethod(stream, "emit", (event, ...args) => {
    if (event === "data") watcher.chunk(args[0]);
    else if (event === "end") watcher.end({ how: "done" });
    else if (event === "error") watcher.end({ how: "failed", error: args[0] });
    else if (event === "close") closed(stream, watcher);
    return emit?.(event, ...args);
  });
}

/** The source works with the span active; whoever listens to what it gives does not. */
function watchSource(stream: Readable, watcher: Watcher): void {
  const [read, push] = [methodOf(stream, "_read"), methodOf(stream, "push")];
  let outside = activeFrame();
  hideMethod(stream, "_read", (...args) => {
    outside = activeFrame();
    watcher.waits?.(true);
    return runIn(watcher.frame, () => read?.(...args), undefined);
  });
  hideMethod(stream, "push", (...args) => {
    watcher.waits?.(false);
    return runIn(outside, () => push?.(...args), undefined);
  });
}

/** It can fail, or be destroyed, without an event that says so. */
function closed(stream: Readable, watcher: Watcher): void {
  const error = stream.errored;
  watcher.end(error === null || error === undefined ? { how: "abandoned" } : { how: "failed", error });
}
