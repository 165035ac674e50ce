// Async iterables, those of model clients among them: each iteration is watched.
import { activeFrame, runIn } from "../context.ts";
import { type Watcher, watchedSteps } from "../steps.ts";
import { hideMethod } from "./define.ts";

/** Watches an iterator, or what can be iterated over. Gives what lives as long as there is something to read. */
export function watchIterable(source: object, watcher: Watcher): object | undefined {
  const told = withAborts(source, watcher);
  const isIterator = typeof Reflect.get(source, "next") === "function";
  if (!isIterator && typeof Reflect.get(source, Symbol.asyncIterator) !== "function") return undefined;
  if (isIterator) watchIterator(source, told, source);
  watchMaker(source, Symbol.asyncIterator, told);
  // The `Stream` of OpenAI and Anthropic splits itself by this one.
  if (Object.hasOwn(source, "iterator") && typeof Reflect.get(source, "iterator") === "function")
    watchMaker(source, "iterator", told);
  return source;
}

/** The iterator, its steps watched in place; it keeps what it was made of alive. */
function watchIterator(iterator: object, watcher: Watcher, source: object): object {
  return Object.defineProperties(iterator, watchedSteps(iterator, watcher, source));
}

function watchMaker(source: object, name: PropertyKey, watcher: Watcher): void {
  const make: unknown = Reflect.get(source, name);
  if (typeof make !== "function") return;
  hideMethod(source, name, function (this: unknown, ...args) {
    const call = () => Reflect.apply(make, this, args);
    // One maker may ask the other.
    if (activeFrame() === watcher.frame) return call();
    const iterator: unknown = runIn(watcher.frame, call, undefined);
    // An iterator gives itself, and is watched already.
    const isOther = typeof iterator === "object" && iterator !== null && iterator !== source;
    return isOther && Object.isExtensible(iterator) ? watchIterator(iterator, watcher, source) : iterator;
  });
}

/** A client's stream that is called off by its controller just ends. */
function withAborts(source: object, watcher: Watcher): Watcher {
  const signal: unknown = partOf(Reflect.get(source, "controller"), "signal");
  if (typeof partOf(signal, "aborted") !== "boolean") return watcher;
  const isAborted = () => partOf(signal, "aborted") === true;
  return {
    frame: watcher.frame,
    chunk: (value) => watcher.chunk(value),
    waits: (isAwaited) => watcher.waits?.(isAwaited),
    end: (end) => watcher.end(end.how === "done" && isAborted() ? { how: "abandoned" } : end),
  };
}

function partOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
