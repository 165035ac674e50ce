// Generators and iterators whose steps are watched: what is active inside each, and how it went.
import { types } from "node:util";
import { type Frame, runIn } from "./context.ts";

/** How a piece of work that goes in steps came to its end. */
export type WorkEnd =
  | { readonly how: "done" }
  | { readonly how: "failed"; readonly error: unknown }
  /** Nobody wants the rest. */
  | { readonly how: "abandoned" };

/** Who is told of the steps. */
export interface Watcher {
  /** What is active inside each step. */
  readonly frame: Frame;
  /** The work is over; only the first call counts. */
  end(end: WorkEnd): void;
}

/** What sync and async generators have in common; a step of the latter is a promise. */
export interface AnyGenerator {
  next(value?: unknown): unknown;
  return(value?: unknown): unknown;
  throw(error?: unknown): unknown;
}

/** Native generators, and our own stand-ins for them; both inherit the tag. To look at a proxy would run its code. */
export function isGenerator(value: unknown): value is AnyGenerator {
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
export function watchedGenerator(generator: AnyGenerator, watcher: Watcher): object {
  return Object.create(Object.getPrototypeOf(generator), {
    next: watchedStep(generator, "next", watcher),
    return: watchedStep(generator, "return", watcher),
    throw: watchedStep(generator, "throw", watcher),
  });
}

function watchedStep(generator: AnyGenerator, step: Step, watcher: Watcher): PropertyDescriptor {
  const take = (...args: [unknown?]): unknown => {
    const outcome = inFrame(generator, step, args, watcher);
    if (!isPromiseLike(outcome)) return stepped(step, outcome, watcher);
    return outcome.then(
      (result) => stepped(step, result, watcher),
      (error: unknown) => failed(error, watcher),
    );
  };
  return { value: take, writable: true, configurable: true };
}

function inFrame(generator: AnyGenerator, step: Step, args: [unknown?], watcher: Watcher): unknown {
  try {
    return runIn(watcher.frame, () => generator[step](...args), undefined);
  } catch (error) {
    return failed(error, watcher);
  }
}

function stepped(step: Step, result: unknown, watcher: Watcher): unknown {
  // One that yields in a `finally` is not done, but nobody may ever ask it for more.
  if (step === "return") watcher.end({ how: "abandoned" });
  else if (typeof result === "object" && result !== null && "done" in result && result.done === true)
    watcher.end({ how: "done" });
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
