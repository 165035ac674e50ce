// OpenTelemetry's context manager on Tracelight's own context: what is active for one is active for the other.
import { EventEmitter } from "node:events";
import type * as api from "@opentelemetry/api";
import { TracelightError } from "../model/errors.ts";
import { activeFrame, type Frame, runIn } from "../tracing/context.ts";
import { reportUnowned } from "../tracing/faults.ts";
import { contextOf, frameOf, type Keys } from "./bridge-context.ts";

type Listener = (this: unknown, ...args: unknown[]) => unknown;

/** The context manager. Bound functions and emitters go on working after it is taken away. */
export class BridgeContextManager implements api.ContextManager {
  readonly #keys: Keys;
  readonly #root: api.Context;
  readonly #bound = new WeakSet<EventEmitter>();
  #isWarned = false;

  constructor(keys: Keys, root: api.Context) {
    this.#keys = keys;
    this.#root = root;
  }

  active(): api.Context {
    const frame = activeFrame();
    return frame === undefined ? this.#root : contextOf(this.#keys, frame);
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: api.Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F>;
  with(context: api.Context, fn: Listener, thisArg?: unknown, ...args: unknown[]): unknown {
    this.#watch(context);
    // JavaScript may give none.
    const frame = frameOf(this.#keys, context ?? this.#root);
    return runIn(frame, () => Reflect.apply(fn, thisArg, args), undefined);
  }

  /** A function that runs in the context, or an emitter whose listeners do; anything else is given back as it is. */
  bind<T>(context: api.Context, target: T): T;
  bind(context: api.Context, target: unknown): unknown {
    const frame = frameOf(this.#keys, context ?? this.active());
    if (target instanceof EventEmitter) return this.#bindEmitter(target, frame);
    return isListener(target) ? bindListener(target, frame) : target;
  }

  /** Sentry tells users' scopes apart by a context manager of its own; with this one it would mix them, without a word. */
  #watch(context: api.Context | undefined): void {
    if (this.#isWarned || context === undefined || !SENTRY_KEYS.some((key) => context.getValue(key))) return;
    this.#isWarned = true;
    reportUnowned(new TracelightError("OTEL_MISMATCH", SENTRY_IS_HERE));
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }

  /** Listeners that are added from now on run in the frame. A second call changes nothing. */
  #bindEmitter(emitter: EventEmitter, frame: Frame): EventEmitter {
    if (this.#bound.has(emitter)) return emitter;
    this.#bound.add(emitter);
    for (const [method, once] of ADDING) bindMethod(emitter, frame, { method, once });
    return emitter;
  }
}

interface Adding {
  readonly method: string;
  /** The method that adds a listener for good, where this one adds it for one event. */
  readonly once: string | undefined;
}

function bindMethod(emitter: EventEmitter, frame: Frame, { method, once }: Adding): void {
  const add: unknown = Reflect.get(emitter, once ?? method);
  if (!isListener(add)) return;
  const value = function (this: EventEmitter, event: string | symbol, listener: unknown): unknown {
    if (!isListener(listener)) return add.call(this, event, listener);
    const bound = bindListener(listener, frame);
    const added = once === undefined ? bound : onlyOnce(emitter, event, bound);
    // Emitters look there when a listener is to be removed, or shown.
    return add.call(this, event, Object.assign(added, { listener: originalOf(listener) }));
  };
  Object.defineProperty(emitter, method, { value, writable: true, configurable: true });
}

function onlyOnce(emitter: EventEmitter, event: string | symbol, bound: Listener): Listener {
  return function once(this: unknown, ...args) {
    emitter.removeListener(event, once);
    return bound.apply(this, args);
  };
}

function bindListener(fn: Listener, frame: Frame): Listener {
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return runIn(frame, () => Reflect.apply(fn, this, args), undefined);
  };
  return Object.defineProperty(bound, "length", { value: fn.length, configurable: true });
}

/** One that an emitter has wrapped itself is known by what it wraps. */
function originalOf(listener: Listener): unknown {
  return Reflect.get(listener, "listener") ?? listener;
}

function isListener(value: unknown): value is Listener {
  return typeof value === "function";
}

/** Those that add for one event come first, while the others are still the emitter's own. */
const ADDING: readonly (readonly [string, string | undefined])[] = [
  ["once", "on"],
  ["prependOnceListener", "prependListener"],
  ["on", undefined],
  ["addListener", undefined],
  ["prependListener", undefined],
];

/** The keys under which Sentry keeps its scopes in a context, and says that they are to be forked. */
const SENTRY_KEYS: readonly symbol[] = ["sentry_scopes", "sentry_fork_isolation_scope"].map(Symbol.for);
const SENTRY_IS_HERE =
  "Sentry was set up after registerTracer, whose context manager knows nothing of Sentry's scopes: what it notes of one user " +
  "may be told of another. Set up Sentry first, with a TracelightSpanProcessor(tracer) in its openTelemetrySpanProcessors, in " +
  "place of registerTracer";
