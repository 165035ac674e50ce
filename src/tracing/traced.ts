// `traced`: a function or method that runs in a span of its own.
import { TracelightError } from "../model/errors.ts";
import type { Scope, SpanKind } from "../model/span-fields.ts";
import { reportUnowned } from "./faults.ts";
import type { Span } from "./span.ts";
import type { TraceOptions } from "./trace-options.ts";

/** Anything that traces as a `Tracer` does. */
export interface TracesCalls {
  /** Runs `fn` in a span of its own. */
  trace<T>(name: string, options: TraceOptions, fn: (span: Span) => T): T;
}

/** How the calls of a traced function are traced. */
export interface TracedOptions {
  /** INTERNAL unless told. */
  readonly spanKind?: SpanKind | undefined;
  /** Who makes the spans. As for `TraceOptions` unless told. */
  readonly scope?: Scope | undefined;
  /** Unless told: the `tracer` property of the object that the method is called on. */
  readonly tracer?: TracesCalls | undefined;
}

type AnyFunction = (this: never, ...args: never[]) => unknown;
type MethodContext = ClassMethodDecoratorContext;

/** Both a method decorator and a wrapper of functions. */
export type Traced = <F extends AnyFunction>(fn: F, context?: MethodContext) => F;

/**
 * Traces every call of a function or method: plain, async, generator or async generator, each as `Tracer.trace` does.
 * As a decorator, bare or with a name; as a wrapper, `traced("name", { tracer })(fn)`. The name is the function's
 * unless told.
 *
 * @example
 * ```ts
 * class Agent {
 *   constructor(readonly tracer: Tracer) {}
 *
 *   \@traced("converse", { spanKind: "SERVER" })
 *   async converse(input: string): Promise<string> {
 *     return `It is sunny in ${await getWeather(input)}`;
 *   }
 * }
 * const tracer = new InMemoryTracer();
 * const getWeather = traced("get_weather", { tracer })(async (city: string) => city);
 * await new Agent(tracer).converse("Amsterdam");
 * console.log(tracer.getTraces().map(({ spanName }) => spanName)); // [ 'converse', 'get_weather' ]
 * ```
 *
 * @throws TracelightError `INVALID_ARGUMENT` where it is put on anything but a function or method.
 */
export function traced(name: string, options?: TracedOptions): Traced;
export function traced<F extends AnyFunction>(method: F, context: MethodContext): F;
export function traced(first: unknown, second?: TracedOptions | MethodContext): unknown {
  if (typeof first === "string") {
    const options: TracedOptions = second === undefined || isContext(second) ? {} : second;
    return (fn: unknown, context?: unknown) => wrap(method(fn, context), { ...options, name: first });
  }
  const fn = method(first, second);
  return wrap(fn, { name: isContext(second) ? String(second.name) : fn.name || "anonymous" });
}

/** `value`, where it is a function or method; a class is neither, and fields and accessors come as something else. */
function method(value: unknown, context: unknown): AnyFunction {
  if (!isFunction(value) || isClass(value)) throw notAFunction(context);
  if (context !== undefined && !(isContext(context) && context.kind === "method"))
    throw notAFunction(context);
  return value;
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function";
}

/** A class's `prototype` cannot be replaced; a function's can. */
function isClass(fn: AnyFunction): boolean {
  return Object.getOwnPropertyDescriptor(fn, "prototype")?.writable === false;
}

function isContext(value: unknown): value is DecoratorContext {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
}

function wrap(
  fn: AnyFunction,
  { name, tracer, ...options }: TracedOptions & { readonly name: string },
): AnyFunction {
  const call = function (this: unknown, ...args: unknown[]): unknown {
    const by = tracer ?? tracerOf(this);
    if (by === undefined) {
      reportUnowned(noTracer(name));
      return Reflect.apply(fn, this, args);
    }
    return by.trace(name, options, () => Reflect.apply(fn, this, args));
  };
  // Name and length, and what else the app keeps on its function: a tool's description and schema, say.
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(fn));
}

function tracerOf(self: unknown): TracesCalls | undefined {
  if ((typeof self !== "object" && typeof self !== "function") || self === null) return undefined;
  try {
    const tracer: unknown = Reflect.get(self, "tracer");
    return isTracer(tracer) ? tracer : undefined;
  } catch {
    return undefined;
  }
}

function isTracer(value: unknown): value is TracesCalls {
  return typeof value === "object" && value !== null && "trace" in value && typeof value.trace === "function";
}

function noTracer(name: string): TracelightError {
  const mend = `give one, traced("${name}", { tracer }), or give the object a "tracer" property`;
  return new TracelightError(
    "NO_TRACER",
    `The traced function "${name}" has no tracer and ran untraced; ${mend}.`,
  );
}

function notAFunction(context: unknown): TracelightError {
  const what = isContext(context)
    ? `a ${context.kind}`
    : "what is not a function or a standard decorator's target";
  return new TracelightError(
    "INVALID_ARGUMENT",
    `traced cannot trace ${what}; put it on a function or method.`,
  );
}
