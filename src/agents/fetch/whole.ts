// Answers that come as a whole: watched by the ways in which a `Response` is read, which costs a fraction of watching its body.
import type { Watcher } from "../../tracing/steps.ts";
import { hideMethod } from "../../tracing/streams/define.ts";
import { watchStream } from "../../tracing/streams/watch.ts";

/**
 * Tells a watcher what an app reads of a `Response`: bytes, text or the value that it parsed, at once. Where the app asks for its body, or
 * for a copy, that is watched from then on.
 *
 * @returns The object that lives as long as there is something to read; undefined where it cannot be watched.
 */
export function watchWhole(response: Response, watcher: Watcher): object | undefined {
  const isPlain = NAMES.every((name) => !Object.hasOwn(response, name));
  if (!isPlain || response.bodyUsed || response.body === null || !Object.isExtensible(response))
    return watchStream(response, watcher);
  Object.defineProperty(response, WATCHER, { value: watcher, configurable: true });
  for (const [name, way] of WAYS) if (name in response) hideMethod(response, name, way);
  Object.defineProperty(response, "body", BODY);
  return response;
}

/** One function for all responses: V8 would keep a getter of one's own, and all that it holds, as long as the shape of the response. */
type Way = (this: Response, ...args: unknown[]) => unknown;

/** What is read so is told at once. */
function reading(name: string): Way {
  return function (...args) {
    return told(this, Reflect.apply(inherited(this, name), this, args));
  };
}

/** What is read so is told by the body. */
function leading(name: string): Way {
  return function (...args) {
    lead(this);
    return Reflect.apply(Reflect.get(this, name), this, args);
  };
}

const READS = ["json", "text", "arrayBuffer", "bytes"];
const LEADING = ["clone", "blob", "formData"];
const NAMES = [...READS, ...LEADING, "body"];
const WAYS: readonly (readonly [string, Way])[] = [
  ...READS.map((name) => [name, reading(name)] as const),
  ...LEADING.map((name) => [name, leading(name)] as const),
];
const BODY: PropertyDescriptor = {
  get(this: Response): unknown {
    lead(this);
    return this.body;
  },
  configurable: true,
};
/** Who is told of what is read of a response. */
const WATCHER = Symbol("watcher");

function inherited(response: Response, name: string): (...args: unknown[]) => unknown {
  return Reflect.get(Object.getPrototypeOf(response), name, response);
}

function watcherOf(response: Response): Watcher | undefined {
  return Reflect.get(response, WATCHER);
}

function lead(response: Response): void {
  const watcher = watcherOf(response);
  for (const name of [...NAMES, WATCHER]) Reflect.deleteProperty(response, name);
  const watched = watcher && watchStream(response, watcher);
  if (watched !== undefined) held.set(watched, response);
}

/** Whoever can read a body can read its response. */
const held = new WeakMap<object, Response>();
/** What is waited for is no garbage. */
const underway = new Set<Response>();

/** What is read, as it is told to the app. */
async function told(response: Response, reading: unknown): Promise<unknown> {
  const watcher = watcherOf(response);
  watcher?.waits?.(true);
  underway.add(response);
  try {
    const value = await reading;
    watcher?.chunk(value);
    watcher?.end({ how: "done" });
    return value;
  } catch (error) {
    watcher?.end({ how: "failed", error });
    throw error;
  } finally {
    underway.delete(response);
  }
}
