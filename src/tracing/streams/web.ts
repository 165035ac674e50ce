// Web streams: all ways to read one lead through a twin that asks for a chunk when the app does, and never before.
import type { Frame } from "../context.ts";
import type { Watcher, WorkEnd } from "../steps.ts";
import { hideMethod } from "./define.ts";
import { TwinSource } from "./twin-source.ts";

/** Watches a `ReadableStream`, of whatever class and implementation; undefined where it is none, or is being read already. */
export function watchWebStream(stream: object, watcher: Watcher): object | undefined {
  const twin = twinOf(stream, watcher, (made) => () => made);
  return twin === undefined ? undefined : stream;
}

/**
 * Watches the body of a `Response`. The platform holds that as long as its connection lasts: whether somebody can read on is known by the
 * twin, which is given, and which `body` gives from now on.
 */
export function watchWebBody(response: object, body: object, watcher: Watcher): object | undefined {
  if (Object.hasOwn(response, "body")) return watchWebStream(body, watcher);
  const twin = twinOf(body, watcher, weakly);
  if (twin === undefined || twin === body) return twin;
  const prototype: object = Object.getPrototypeOf(response);
  // Of one that was cloned it is another.
  const get = (): unknown => {
    const now: unknown = Reflect.get(prototype, "body", response);
    return now === body ? twin : now;
  };
  Object.defineProperty(response, "body", { get, configurable: true });
  return twin;
}

/** By itself, so that nothing else of a caller is held. */
function weakly<T extends object>(made: T): () => T | undefined {
  const held = new WeakRef(made);
  return () => held.deref();
}

/** What the stream's own ways to read lead to from now on; `holding` says how the stream holds that. */
function twinOf(
  stream: object,
  watcher: Watcher,
  holding: (twin: ReadableStream<unknown>) => () => ReadableStream<unknown> | undefined,
): object | undefined {
  const base = baseOf(stream);
  if (base === undefined || !isUnread(stream)) return undefined;
  const known = watchedBy.get(stream);
  if (known !== undefined) return known.add(watcher, stream);
  const watchers = new Watchers(watcher);
  const source = new TwinSource(stream, watchers);
  const twin: unknown = Reflect.construct(base.constructor, [source.underlying(), { highWaterMark: 0 }]);
  if (!isWebStream(twin)) return undefined;
  for (const one of [stream, twin]) watchedBy.set(one, watchers);
  sources.set(twin, source);
  lead(stream, base, holding(twin));
  return twin;
}

/** A subclass's own ways to read use these. */
function lead(stream: object, base: object, twinNow: () => ReadableStream<unknown> | undefined): void {
  for (const name of [...METHODS, Symbol.asyncIterator]) {
    const method: unknown = Reflect.get(base, name);
    if (typeof method !== "function" || Reflect.get(stream, name) !== method) continue;
    hideMethod(stream, name, (...args) => {
      const twin = twinNow();
      if (twin !== undefined) sources.get(twin)?.open();
      return Reflect.apply(method, twin ?? stream, args);
    });
  }
  Object.defineProperty(stream, "locked", { get: () => twinNow()?.locked ?? false, configurable: true });
}

/** Where a twin's chunks come from: as long as there is the twin. */
const sources = new WeakMap<object, TwinSource>();

/** Who watches a stream: it has one twin, however many spans it ends. */
const watchedBy = new WeakMap<object, Watchers>();

class Watchers implements Watcher {
  readonly frame: Frame;
  readonly #all: Watcher[];
  #end: WorkEnd | undefined;

  constructor(first: Watcher) {
    this.frame = first.frame;
    this.#all = [first];
  }

  /** One more, of a stream that may be over. */
  add(watcher: Watcher, stream: object): object {
    this.#all.push(watcher);
    if (this.#end !== undefined) watcher.end(this.#end);
    return stream;
  }

  chunk(value: unknown): void {
    for (const watcher of this.#all) watcher.chunk(value);
  }

  waits(isAwaited: boolean): void {
    for (const watcher of this.#all) watcher.waits?.(isAwaited);
  }

  end(end: WorkEnd): void {
    this.#end ??= end;
    for (const watcher of this.#all) watcher.end(end);
  }
}

const METHODS: readonly PropertyKey[] = ["getReader", "cancel", "tee", "pipeTo", "pipeThrough", "values"];

/** The prototype that reads: the platform's, or that of another implementation. */
function baseOf(stream: object): object | undefined {
  let base: object | undefined;
  for (let at: object | null = stream; at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, "getReader")) base = at;
  }
  return base === stream ? undefined : base;
}

/** True for a `ReadableStream`, of whatever implementation. */
export function isWebStream(value: unknown): value is ReadableStream<unknown> {
  return typeof value === "object" && value !== null && "getReader" in value && "locked" in value;
}

function isUnread(stream: object): stream is ReadableStream<unknown> {
  return isWebStream(stream) && !stream.locked;
}
