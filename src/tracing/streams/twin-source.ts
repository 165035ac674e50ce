// Where the chunks of a watched web stream's twin come from.
import { runIn } from "../context.ts";
import type { Watcher } from "../steps.ts";

/** A stream's controller, of bytes or not. */
interface Controller {
  readonly byobRequest?: ReadableStreamBYOBRequest | null;
  enqueue(chunk: unknown): void;
  close(): void;
  error(reason: unknown): void;
}
type AnyReader = ReadableStreamDefaultReader<unknown> | ReadableStreamBYOBReader;

/** Where the twin's chunks come from: one read of the stream for each chunk that somebody waits for. */
export class TwinSource {
  readonly #watcher: Watcher;
  /** The stream's own, before it leads to the twin. */
  readonly #getReader: (options?: { readonly mode: "byob" }) => unknown;
  #controller: Controller | undefined;
  #plain: ReadableStreamDefaultReader<unknown> | undefined;
  #byob: ReadableStreamBYOBReader | undefined;
  #isPulling = false;
  #isClosed = false;
  #isFinished = false;

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

  /** Both a last read and the stream's own word may tell of the end. */
  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
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
    // The stream holds its reader: it is not to hold the twin by that.
    const [self, of] = [new WeakRef(this), new WeakRef(reader)];
    const ours = (): TwinSource | undefined => {
      const source = self.deref();
      return source?.isReadBy(of.deref()) === true ? source : undefined;
    };
    reader.closed.then(
      () => ours()?.closed(),
      (error: unknown) => ours()?.failed(error),
    );
  }

  isReadBy(reader: AnyReader | undefined): boolean {
    return reader !== undefined && (reader === this.#byob || reader === this.#plain);
  }

  /** What was read last may not have been handed on yet. */
  closed(): void {
    this.#isClosed = true;
    if (!this.#isPulling) this.#finish();
  }

  failed(error: unknown): void {
    if (this.#isPulling) return;
    this.#watcher.end({ how: "failed", error });
    try {
      this.#controller?.error(error);
    } catch {
      // It is closed.
    }
  }
}
