// Web streams: all ways to read one lead through a twin that asks for a chunk when the app does, and never before.
import { type Frame, runIn } from "../context.ts";
import type { Watcher, WorkEnd } from "../steps.ts";
import { hideMethod } from "./define.ts";

/** Watches a `ReadableStream`, of whatever class and implementation; undefined where it is none, or is being read already. */
export function watchWebStream(stream: object, watcher: Watcher): object | undefined {
  const base = baseOf(stream);
  if (base === undefined || !isUnread(stream)) return undefined;
  const known = watchedBy.get(stream);
  if (known !== undefined) return known.add(watcher, stream);
  const watchers = new Watchers(watcher);
  watchedBy.set(stream, watchers);
  const source = new TwinSource(stream, watchers);
  const twin: unknown = Reflect.construct(base.constructor, [source.underlying(), { highWaterMark: 0 }]);
  if (!isWebStream(twin)) return undefined;
  for (const name of [...METHODS, Symbol.asyncIterator]) {
    // A subclass's own ways to read use these.
    const method: unknown = Reflect.get(base, name);
    if (typeof method !== "function" || Reflect.get(stream, name) !== method) continue;
    hideMethod(stream, name, (...args) => {
      source.open();
      return Reflect.apply(method, twin, args);
    });
  }
  Object.defineProperty(stream, "locked", { get: () => twin.locked, configurable: true });
  return stream;
}

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

/** A stream's controller, of bytes or not. */
interface Controller {
  readonly byobRequest?: ReadableStreamBYOBRequest | null;
  enqueue(chunk: unknown): void;
  close(): void;
  error(reason: unknown): void;
}
type AnyReader = ReadableStreamDefaultReader<unknown> | ReadableStreamBYOBReader;

/** Where the twin's chunks come from: one read of the stream for each chunk that somebody waits for. */
class TwinSource {
  readonly #watcher: Watcher;
  /** The stream's own, before it leads to the twin. */
  readonly #getReader: (options?: { readonly mode: "byob" }) => unknown;
  #controller: Controller | undefined;
  #plain: ReadableStreamDefaultReader<unknown> | undefined;
  #byob: ReadableStreamBYOBReader | undefined;
  #isPulling = false;
  #isClosed = false;

  constructor(stream: ReadableStream<unknown>, watcher: Watcher) {
    this.#watcher = watcher;
    const { getReader } = stream;
    this.#getReader = (...options) => Reflect.apply(getReader, stream, options);
  }

  underlying(): object {
    const source = {
      start: (controller: Controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: (reason: unknown) => this.#cancel(reason),
    };
    return this.#isOfBytes() ? { ...source, type: "bytes" } : source;
  }

  /** From the first use on, the stream is the twin's. */
  open(): void {
    if (this.#byob === undefined) this.#plainReader();
  }

  async #pull(): Promise<void> {
    this.#isPulling = true;
    this.#watcher.waits?.(true);
    try {
      await this.#pass();
    } catch (error) {
      this.#watcher.end({ how: "failed", error });
      throw error;
    } finally {
      this.#isPulling = false;
    }
    if (this.#isClosed) this.#finish();
  }

  async #pass(): Promise<void> {
    const request = this.#request();
    const view: unknown = request?.view;
    if (request !== undefined && ArrayBuffer.isView(view)) return this.#fill(request, view);
    const reader = this.#plainReader();
    const { done, value } = await runIn(this.#watcher.frame, () => reader.read(), undefined);
    if (done) return this.#finish();
    this.#watcher.chunk(value);
    this.#controller?.enqueue(value);
  }

  /** Somebody reads into a buffer of their own. */
  async #fill(request: ReadableStreamBYOBRequest, view: ArrayBufferView): Promise<void> {
    const reader = this.#byobReader();
    const room = new Uint8Array(view.byteLength);
    const { done, value } = await runIn(this.#watcher.frame, () => reader.read(room), undefined);
    if (done || value === undefined) return this.#finish();
    this.#watcher.chunk(value);
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(value);
    request.respond(value.byteLength);
  }

  #cancel(reason: unknown): Promise<void> {
    this.#watcher.end({ how: "abandoned" });
    const reader: AnyReader = this.#byob ?? this.#plainReader();
    return runIn(this.#watcher.frame, () => reader.cancel(reason), undefined);
  }

  #finish(): void {
    this.#watcher.end({ how: "done" });
    try {
      this.#controller?.close();
      this.#request()?.respond(0);
    } catch {
      // It was cancelled meanwhile.
    }
  }

  #request(): ReadableStreamBYOBRequest | undefined {
    return this.#controller?.byobRequest ?? undefined;
  }

  #isOfBytes(): boolean {
    try {
      this.#byobReader();
      this.#release();
      return true;
    } catch {
      return false;
    }
  }

  #plainReader(): ReadableStreamDefaultReader<unknown> {
    if (this.#plain !== undefined) return this.#plain;
    this.#release();
    const reader: ReadableStreamDefaultReader<unknown> = Object(this.#getReader());
    this.#plain = reader;
    this.#heed(reader);
    return reader;
  }

  #byobReader(): ReadableStreamBYOBReader {
    if (this.#byob !== undefined) return this.#byob;
    this.#release();
    const reader: ReadableStreamBYOBReader = Object(this.#getReader({ mode: "byob" }));
    this.#byob = reader;
    this.#heed(reader);
    return reader;
  }

  #release(): void {
    const reader = this.#byob ?? this.#plain;
    this.#byob = undefined;
    this.#plain = undefined;
    reader?.releaseLock();
  }

  /** A stream can close, or fail, while nobody reads. One that we let go of says that it fails. */
  #heed(reader: AnyReader): void {
    const isOurs = () => reader === this.#byob || reader === this.#plain;
    reader.closed.then(
      () => isOurs() && this.#closed(),
      (error: unknown) => isOurs() && this.#failed(error),
    );
  }

  /** What was read last may not have been handed on yet. */
  #closed(): void {
    this.#isClosed = true;
    if (!this.#isPulling) this.#finish();
  }

  #failed(error: unknown): void {
    if (this.#isPulling) return;
    this.#watcher.end({ how: "failed", error });
    try {
      this.#controller?.error(error);
    } catch {
      // It is closed.
    }
  }
}
