// `registerTracer`: Tracelight as the OpenTelemetry of this process.
import type * as api from "@opentelemetry/api";
import { followAiSdk } from "../agents/ai-sdk/channel.ts";
import { defined } from "../model/defined.ts";
import { TracelightError } from "../model/errors.ts";
import { setBridged } from "../tracing/context.ts";
import { START, type Tracer } from "../tracing/tracer.ts";
import { loadApi, mismatch } from "./api.ts";
import type { Keys } from "./bridge-context.ts";
import { BridgeProvider, type Target, tracerBehind } from "./bridge-tracer.ts";
import { BridgeContextManager } from "./context-manager.ts";
import { BridgePropagator } from "./propagator.ts";

/**
 * Makes a tracer the global OpenTelemetry provider of this process, with Tracelight's context as its context manager:
 * spans of any library that OpenTelemetry instruments go to the tracer's sink, below ours and above ours as the code
 * nests. W3C propagation is set too, unless the program has set its own. Nothing is sampled away. What `ai` 7, the Vercel AI SDK, does is
 * told as well, with nothing registered with it.
 *
 * @returns The undo: what was there before is there again. A second call does nothing. The same tracer may be registered again, as
 * a hot reload does: then the latest undo counts.
 * @throws TracelightError `MISSING_DEPENDENCY` where `@opentelemetry/api` is not installed; `OTEL_MISMATCH` where it
 * is not of version 1, where another version of it is in use, or another provider or context manager is registered;
 * `INVALID_ARGUMENT` for what is no tracer.
 *
 * @example
 * ```ts
 * const undo = registerTracer(new SqliteTracer({ path: "traces.db" }));
 * ```
 */
export function registerTracer(tracer: Tracer): () => void {
  if (!isTracer(tracer)) throw new TracelightError("INVALID_ARGUMENT", "registerTracer needs a Tracer.");
  const module = loadApi();
  if (tracerBehind(delegateOf(globals()?.["trace"])) === tracer) return again(module);
  checkFree();
  bridge ??= makeBridge(module);
  const registered = register(module, bridge);
  bridge.target.tracer = tracer;
  bridge.current = registered;
  leaveAiSdk = followAiSdk(tracer);
  setBridged(true);
  return () => unregister(module, registered);
}

/** The same tracer once more, as after a hot reload: the latest undo counts. One by another copy of the package is that copy's. */
function again(module: typeof api): () => void {
  if (bridge?.current === undefined) return () => undefined;
  const registered = { ...bridge.current };
  bridge.current = registered;
  return () => unregister(module, registered);
}

/** What is registered; the same objects each time, so that tracers that libraries hold go on working. */
interface Bridge {
  readonly target: Target;
  readonly provider: BridgeProvider;
  readonly contexts: BridgeContextManager;
  readonly propagator: BridgePropagator;
  /** What the latest registration put into OpenTelemetry's global object, until it is undone. */
  current: Registered | undefined;
}

let bridge: Bridge | undefined;
let leaveAiSdk: () => void = () => undefined;

type Registered = Partial<Record<"trace" | "context" | "propagation", unknown>>;

function makeBridge(module: typeof api): Bridge {
  const keys = keysOf(module);
  const elsewhere: api.TracerProvider = {
    getTracer: (name, version, options) => module.trace.getTracerProvider().getTracer(name, version, options),
  };
  const target: Target = { tracer: undefined, isGlobal: true, elsewhere };
  return {
    target,
    provider: new BridgeProvider(keys, target),
    contexts: new BridgeContextManager(keys, module.ROOT_CONTEXT),
    propagator: new BridgePropagator(module),
    current: undefined,
  };
}

/** What a bridge needs of the API. */
export function keysOf(module: typeof api): Keys {
  return { span: spanKey(module), wrap: module.trace.wrapSpanContext };
}

function register(module: typeof api, { provider, contexts, propagator }: Bridge): Registered {
  const before = globals()?.["propagation"];
  const hasPropagator = before !== undefined && before !== propagator;
  if (!module.trace.setGlobalTracerProvider(provider)) throw otherVersion();
  if (globals()?.["trace"] === undefined) {
    module.trace.disable();
    throw mismatch(
      `the installed @opentelemetry/api is not of version ${MAJOR}; install @opentelemetry/api@${MAJOR}`,
    );
  }
  if (globals()?.["context"] !== contexts) module.context.setGlobalContextManager(contexts);
  if (before === undefined) module.propagation.setGlobalPropagator(propagator);
  const { trace, context } = globals() ?? {};
  return { trace, context, ...defined({ propagation: hasPropagator ? undefined : propagator }) };
}

/** What somebody else has put in our place since is left alone. */
function unregister(module: typeof api, registered: Registered): void {
  if (bridge === undefined || bridge.current !== registered) return;
  bridge.current = undefined;
  leaveAiSdk();
  setBridged(false);
  bridge.target.tracer = undefined;
  const now = globals() ?? {};
  if (now["trace"] === registered.trace) module.trace.disable();
  if (now["context"] === registered.context) module.context.disable();
  if (registered.propagation !== undefined && now["propagation"] === registered.propagation) {
    module.propagation.disable();
  }
}

/** Two providers, or two context managers, would each see half of the spans. */
function checkFree(): void {
  for (const major of OTHER_MAJORS) {
    const other = globals(major);
    if (other?.["trace"] !== undefined || other?.["context"] !== undefined) {
      throw mismatch(
        `libraries of this process use @opentelemetry/api ${major}; Tracelight bridges version ${MAJOR}`,
      );
    }
  }
  const now = globals();
  if (now?.["trace"] !== undefined) {
    throw mismatch(tracerBehind(delegateOf(now["trace"])) === undefined ? OTHER_IS_THERE : OWN_IS_THERE);
  }
  if (now?.["context"] !== undefined && now["context"] !== bridge?.contexts) {
    throw mismatch(
      "another context manager is registered already; call registerTracer before it, or leave it out",
    );
  }
}

/** The provider behind the API's own stand-in for it. */
function delegateOf(provider: unknown): unknown {
  if (typeof provider !== "object" || provider === null || !("getDelegate" in provider)) return provider;
  return typeof provider.getDelegate === "function"
    ? Reflect.apply(provider.getDelegate, provider, [])
    : provider;
}

function otherVersion(): TracelightError {
  const { version = "unknown" } = globals() ?? {};
  return mismatch(
    `the program has @opentelemetry/api ${version} in use already, and Tracelight finds another version of it; ` +
      "install one version for all (npm ls @opentelemetry/api shows them)",
  );
}

/** The key under which this API keeps a context's span, found by watching it. */
function spanKey({ trace, ROOT_CONTEXT, INVALID_SPAN_CONTEXT }: typeof api): symbol {
  let key = Symbol.for("OpenTelemetry Context Key SPAN");
  const probe: api.Context = {
    getValue: () => undefined,
    setValue: (used) => {
      key = used;
      return ROOT_CONTEXT;
    },
    deleteValue: () => ROOT_CONTEXT,
  };
  trace.setSpan(probe, trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
  return key;
}

/** What all copies of the API share. */
function globals(major: number = MAJOR): Record<string, unknown> | undefined {
  const found: unknown = Reflect.get(globalThis, Symbol.for(`opentelemetry.js.api.${major}`));
  return isRecord(found) ? found : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** True for a tracer, whichever copy of the package made it. */
export function isTracer(value: unknown): value is Tracer {
  return typeof value === "object" && value !== null && START in value;
}

const MAJOR = 1;
const OTHER_MAJORS = [0, 2, 3];
const OWN_IS_THERE = "a tracer is registered already; call its undo first, or register a TeeTracer of both";
const OTHER_IS_THERE =
  "another OpenTelemetry provider is registered already; either take it out, or leave it and give it " +
  "a TracelightSpanProcessor(tracer), which nests its spans and yours";
