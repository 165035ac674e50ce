// The stream guard: watches whatever can be read later, in place, without reading ahead of the app.
import * as types from "node:util/types";
import type { Watcher } from "../steps.ts";
import { watchEmitter } from "./emitter.ts";
import { watchIterable } from "./iterable.ts";
import { watchNodeStream } from "./node.ts";
import { isWebStream, watchWebBody, watchWebStream } from "./web.ts";

/**
 * Tells a watcher what comes out of a stream and how that ends: of a web or Node stream, an async iterable or iterator, the
 * stream of a model client, a `Response`, the result of the AI SDK's `streamText`. The stream stays the same object.
 *
 * @returns The object that lives as long as there is something to read; undefined where it cannot be watched, and is as it was.
 */
export function watchStream(value: object, watcher: Watcher): object | undefined {
  try {
    if (types.isProxy(value) || !Object.isExtensible(value)) return undefined;
    if (isWebStream(value)) return watchWebStream(value, watcher);
    for (const watch of WAYS) {
      const watched = watch(value, watcher);
      if (watched !== undefined) return watched;
    }
  } catch {
    // A hostile one.
  }
  return undefined;
}

type Watch = (value: object, watcher: Watcher) => object | undefined;

/** A `Response`, of whatever class: what is read of it is its body. */
function watchBody(value: object, watcher: Watcher): object | undefined {
  if (!("bodyUsed" in value && "body" in value) || value.bodyUsed === true) return undefined;
  const { body } = value;
  if (isWebStream(body)) return watchWebBody(value, body, watcher);
  if (typeof body === "object" && body !== null) return watchStream(body, watcher);
  watcher.end({ how: "done" });
  return value;
}

/** What `streamText` of the AI SDK gives: all its streams and promises come of one. */
function watchResult(value: object, watcher: Watcher): object | undefined {
  const stream: unknown = Object.hasOwn(value, "baseStream") ? Reflect.get(value, "baseStream") : undefined;
  return typeof stream === "object" && stream !== null ? watchWebStream(stream, watcher) : undefined;
}

const WAYS: readonly Watch[] = [...[watchBody, watchResult, watchNodeStream, watchEmitter, watchIterable]];
