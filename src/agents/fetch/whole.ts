// Answers that come as a whole: watched by the ways in which a `Response` is read, which costs a fraction of watching its body.
import type { Watcher } from "../../tracing/steps.ts";
import { hideMethod, methodOf } from "../../tracing/streams/define.ts";
import { watchStream } from "../../tracing/streams/watch.ts";

/**
 * Tells a watcher what an app reads of a `Response`: bytes, text or the value that it parsed, at once. Where the app asks for its body, or
 * for a copy, that is watched from then on.
 *
 * @returns The object that lives as long as there is something to read; undefined where it cannot be watched.
 */
export function watchWhole(response: Response, watcher: Watcher): object | undefined {
  const isPlain = [...READS, ...LEADING, "body"].every((name) => !Object.hasOwn(response, name));
  if (!isPlain || response.bodyUsed || response.body === null || !Object.isExtensible(response))
    return watchStream(response, watcher);
  const lead = (): void => {
    for (const name of [...READS, ...LEADING, "body"]) Reflect.deleteProperty(response, name);
    const watched = watchStream(response, watcher);
    if (watched !== undefined) held.set(watched, response);
  };
  for (const name of READS) {
    const read = methodOf(response, name);
    if (read !== undefined) hideMethod(response, name, () => told(read(), watcher, response));
  }
  for (const name of LEADING) {
    hideMethod(response, name, () => {
      lead();
      return methodOf(response, name)?.();
    });
  }
  const get = (): unknown => {
    lead();
    return response.body;
  };
  Object.defineProperty(response, "body", { get, configurable: true });
  return response;
}

/** Whoever can read a body can read its response. */
const held = new WeakMap<object, Response>();
/** What is waited for is no garbage. */
const underway = new Set<Response>();

/** What is read, as it is told to the app. */
async function told(reading: unknown, watcher: Watcher, response: Response): Promise<unknown> {
  watcher.waits?.(true);
  underway.add(response);
  try {
    const value = await reading;
    watcher.chunk(value);
    watcher.end({ how: "done" });
    return value;
  } catch (error) {
    watcher.end({ how: "failed", error });
    throw error;
  } finally {
    underway.delete(response);
  }
}

const LEADING = ["clone", "blob", "formData"] as const;
const READS = ["json", "text", "arrayBuffer", "bytes"] as const;
