// What is active now: one AsyncLocalStorage for the whole process, shared by all tracers and all copies of this package.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Channel } from "node:diagnostics_channel";
import { type Attributes, addInheritable, type Inheritable, rebase } from "../model/attributes.ts";
import type { Scope } from "../model/span-fields.ts";
import type { RemoteParent } from "./remote-parent.ts";
import type { SpanNode } from "./span-node.ts";

/** Settings that a tracer gives to its later spans. A given field replaces the old one. */
export interface ContextUpdate {
  /** What describes the program: `service.name` and the like. */
  readonly resourceAttributes?: Attributes | undefined;
  /** Attributes that each new span starts with. */
  readonly spanAttributes?: Attributes | undefined;
  /** Who makes the spans. */
  readonly scope?: Scope | undefined;
}

/** What one async context holds. Never changed, only replaced. */
export interface Frame {
  readonly span: SpanNode | undefined;
  /** What `withContext` set, innermost first. */
  readonly scoped: ScopedUpdate | undefined;
  /** A span of another process, or of another library, that is active in the place of `span`. */
  readonly remote?: RemoteParent | undefined;
  /** Our nearest span above `remote`, where that is another library's in this process: it passes down what is inheritable. */
  readonly outer?: SpanNode | undefined;
  /** What another library has in its own context, by its own keys. */
  readonly carried?: ReadonlyMap<symbol, unknown> | undefined;
}

/** Another library's context, which goes along with ours. */
export interface Companion {
  /** The active frame, with what that library has made active since. */
  seen(frame: Frame | undefined): Frame | undefined;
  /** Calls `fn` with the frame active there as well. */
  run<T>(frame: Frame | undefined, fn: () => T): T;
}

/** One `withContext` around the code that runs. */
export interface ScopedUpdate {
  readonly tracer: object;
  readonly update: ContextUpdate;
  readonly next: ScopedUpdate | undefined;
}

/** What all copies of the package share. */
interface Shared {
  readonly storage: AsyncLocalStorage<Frame | undefined>;
  /** Counts inheritable attributes that came after children. */
  revision: number;
  /** True while libraries that OpenTelemetry instruments make spans of ours. */
  isBridged?: boolean;
  /** Absent where there is none: that costs a span nothing. */
  companions?: readonly Companion[] | undefined;
}

const KEY = Symbol.for("tracelight.context.v1");
const shared: Shared = sharedState();

function sharedState(): Shared {
  const found: unknown = Reflect.get(globalThis, KEY);
  if (isShared(found)) return found;
  const made: Shared = { storage: new AsyncLocalStorage(), revision: 0 };
  Object.defineProperty(globalThis, KEY, { value: made });
  return made;
}

function isShared(value: unknown): value is Shared {
  return typeof value === "object" && value !== null && "storage" in value && "revision" in value;
}

/** The frame that is active, if any. */
export function activeFrame(): Frame | undefined {
  const frame = shared.storage.getStore();
  if (shared.companions === undefined) return frame;
  return shared.companions.reduce((seen, companion) => companion.seen(seen), frame);
}

/** Calls `fn(argument)` with `frame` active, for this call and all it awaits. */
export function runIn<A, T>(frame: Frame | undefined, fn: (argument: A) => T, argument: A): T {
  if (shared.companions === undefined) return shared.storage.run(frame, fn, argument);
  const run = () => shared.storage.run(frame, fn, argument);
  return shared.companions.reduce((inner, companion) => () => companion.run(frame, inner), run)();
}

/** Lets what runs within a message of a diagnostics channel have the frame that `frameOf` makes of it, until the undo is called. */
export function bindFrames(channel: Channel, frameOf: (message: unknown) => Frame | undefined): () => void {
  channel.bindStore(shared.storage, frameOf);
  return () => void channel.unbindStore(shared.storage);
}

/**
 * Calls `fn` where nothing is active, and where libraries that OpenTelemetry instruments are told to make no spans: the requests
 * that deliver spans would otherwise make new ones for ever.
 */
export function runQuietly<T>(fn: () => T): T {
  return runIn(QUIET, fn, undefined);
}

/** Lets another library's context go along with ours, until the undo that it returns is called. */
export function goAlong(companion: Companion): () => void {
  shared.companions = [...(shared.companions ?? []), companion];
  return () => {
    const left = shared.companions?.filter((one) => one !== companion) ?? [];
    shared.companions = left.length === 0 ? undefined : left;
  };
}

/** Says whether libraries that OpenTelemetry instruments make spans of ours from now on. */
export function setBridged(isBridged: boolean): void {
  shared.isBridged = isBridged;
}

/** True while a sink's own requests could make spans of ours; to call it quietly takes a tenth of the time of a span. */
export function isBridged(): boolean {
  return shared.isBridged === true;
}

/** Calls a sink: quietly where that matters. */
export function callSink<T>(fn: () => T): T {
  return isBridged() ? runQuietly(fn) : fn();
}

const QUIET: Frame = {
  span: undefined,
  scoped: undefined,
  carried: new Map([[Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING"), true]]),
};

/** Links a new node below `parent`: what it inherits now, and from whom it may inherit more. */
export function attach(node: SpanNode, parent: SpanNode): void {
  if (parent.revision !== shared.revision) refresh(parent);
  if (parent.endedAtMicros !== undefined) {
    skipEnded(parent);
    node.parent = parent.parent;
    node.base = parent.base;
  } else {
    parent.hasChildren = true;
    node.parent = parent;
    node.base = parent.passes;
  }
  node.passes = parent.passes;
  node.revision = shared.revision;
}

/** What is inheritable from `node`, with all that spans above it have added since. */
export function inheritableFrom(node: SpanNode): Inheritable | undefined {
  if (node.revision !== shared.revision) refresh(node);
  return node.passes;
}

/** Makes an attribute inheritable from `node`; running spans below see it too. */
export function passDown(node: SpanNode, key: string, value: unknown): void {
  if (node.revision !== shared.revision) refresh(node);
  node.passes = addInheritable(node.passes, node.base, key, value);
  if (node.hasChildren) shared.revision++;
}

/** Lets an ended node go of the ended ones above it, so that a chain of short spans keeps no history alive. */
export function detach(node: SpanNode): void {
  if (node.parent === undefined) return;
  if (node.revision !== shared.revision) refresh(node);
  skipEnded(node);
}

/** What ended spans passed down can change no more: it becomes part of what `node` itself passes down. */
function skipEnded(node: SpanNode): void {
  while (node.parent !== undefined && node.parent.endedAtMicros !== undefined) {
    node.base = node.parent.base;
    node.parent = node.parent.parent;
  }
}

/** Brings a node and all above it up to date. */
function refresh(node: SpanNode): void {
  if (node.parent === undefined) node.revision = shared.revision;
  else refreshChain(node);
}

/** From the top down; a loop, since a chain may be of any length. */
function refreshChain(node: SpanNode): void {
  const stale: SpanNode[] = [];
  for (
    let at: SpanNode | undefined = node;
    at !== undefined && at.revision !== shared.revision;
    at = at.parent
  ) {
    stale.push(at);
  }
  for (const at of stale.reverse()) {
    const base: Inheritable | undefined = at.parent === undefined ? at.base : at.parent.passes;
    if (base !== at.base) {
      at.passes = rebase(at.passes, at.base, base);
      at.base = base;
    }
    at.revision = shared.revision;
  }
}
