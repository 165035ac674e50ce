// Generators and iterators whose steps are watched: what is active inside each, and how it went.
import * as types from "node:util/types";
import { activeFrame, type Frame, runIn } from "./context.ts";

/** How work that goes in steps came to its end. */
export type WorkEnd =
  | { readonly how: "done" }
  | { readonly how: "failed"; readonly error: unknown }
  /** Nobody wants the rest. */
  | { readonly how: "abandoned" };

/** Who is told of the steps. */
export interface Watcher {
  /** What is active inside each step, and nowhere else: a step within a step is not told. */
  readonly frame: Frame;
  /** A step gave something. */
  chunk(value: unknown): void;
  /** Somebody asked for a step, or got it. */
  waits?(isAwaited: boolean): void;
  /** The work is over; only the first call counts. */
  end(end: WorkEnd): void;
}

/** Native generators, and our own stand-ins for them; both inherit the tag. To look at a proxy would run its code. */
export function isGenerator(value: unknown): value is object {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return false;
  const tag = tagOf(value);
  return (tag === "Generator" || tag === "AsyncGenerator") && STEPS.every((step) => step in value);
}

function tagOf(value: object): unknown {
  try {
    return Reflect.get(value, Symbol.toStringTag);
  } catch {
    return undefined;
  }
}

/**
 * A stand-in for a generator: each step runs with the watcher's frame active, what lies between steps does not. It
 * inherits from the generator's own prototype: `instanceof`, tags, disposal and iterator helpers stay.
 */
export function watchedGenerator(generator: object, watcher: Watcher): object {
  return Object.create(Object.getPrototypeOf(generator), watchedSteps(generator, watcher));
}

/** An iterator's own `next`, `return` and `throw`, as far as it has them, watched. They keep `source` alive. */
export function watchedSteps(
  iterator: object,
  watcher: Watcher,
  source: object = iterator,
): PropertyDescriptorMap {
  const steps: PropertyDescriptorMap = {};
  for (const step of STEPS) {
    const take: unknown = Reflect.get(iterator, step);
    if (typeof take !== "function") continue;
    const call = (args: readonly unknown[]): unknown => Reflect.apply(take, iterator, args);
    const value = (...args: unknown[]) =>
      activeFrame() === watcher.frame ? call(args) : watched(step, () => call(args), watcher, source);
    steps[step] = { value, writable: true, configurable: true };
  }
  return steps;
}

function watched(step: Step, call: () => unknown, watcher: Watcher, _source: object): unknown {
  let outcome: unknown;
  watcher.waits?.(true);
  try {
    outcome = runIn(watcher.frame, call, undefined);
  } catch (error) {
    return failed(error, watcher);
  }
  if (!isPromiseLike(outcome)) return stepped(step, outcome, watcher);
  return outcome.then(
    (result) => stepped(step, result, watcher),
    (error: unknown) => failed(error, watcher),
  );
}

function stepped(step: Step, result: unknown, watcher: Watcher): unknown {
  // One that yields in a `finally` is not done, but nobody may ever ask it for more.
  if (step === "return") watcher.end({ how: "abandoned" });
  else if (typeof result !== "object" || result === null || !("done" in result)) return result;
  else if (result.done === true) watcher.end({ how: "done" });
  else watcher.chunk(Reflect.get(result, "value"));
  return result;
}

function failed(error: unknown, watcher: Watcher): never {
  watcher.end({ how: "failed", error });
  throw error;
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

const STEPS = ["next", "return", "throw"] as const;
type Step = (typeof STEPS)[number];
