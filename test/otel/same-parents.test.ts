// The same programs on OpenTelemetry's own SDK with its AsyncLocalStorageContextManager, and on Tracelight: the same trees.
import { EventEmitter } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { context, createContextKey, ROOT_CONTEXT, type Span, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { onOpenTelemetry, onTracelight, treeOf } from "./support.ts";

const tracer = trace.getTracer("program");

/** A span around `fn` and all it awaits. */
function around<T>(name: string, fn: (span: Span) => T | Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, async (span) => {
    try {
      return await fn(span);
    } finally {
      span.end();
    }
  });
}

function leaf(name: string): void {
  tracer.startSpan(name).end();
}

const PROGRAMS: Readonly<Record<string, () => unknown>> = {
  "nested, one after the other and side by side": () =>
    around("root", async () => {
      leaf("first");
      await Promise.all(
        ["a", "b", "c"].map((name) =>
          around(name, async () => {
            await sleep(1);
            leaf(`${name}1`);
          }),
        ),
      );
      leaf("last");
    }),
  "timers, microtasks and callbacks": () =>
    around("root", async () => {
      const done: Promise<void>[] = [];
      const later = (name: string, schedule: (fn: () => void) => unknown): void => {
        done.push(
          new Promise((resolve) => {
            schedule(() => {
              leaf(name);
              resolve();
            });
          }),
        );
      };
      await around("inner", () => {
        later("timeout", (fn) => setTimeout(fn, 1));
        later("immediate", (fn) => setImmediate(fn));
        later("tick", (fn) => process.nextTick(fn));
        later("microtask", (fn) => queueMicrotask(fn));
        later("then", (fn) => Promise.resolve().then(fn));
      });
      await Promise.all(done);
    }),
  "an emitter's listeners run where it emits": () =>
    around("root", async () => {
      const emitter = new EventEmitter();
      await around("listening", () => emitter.on("event", () => leaf("plain")));
      await around("emitting", () => emitter.emit("event"));
    }),
  "a bound emitter's listeners run where it was bound": () =>
    around("root", async () => {
      const emitter = new EventEmitter();
      const gone = (): void => leaf("removed");
      await around("binding", () => context.bind(context.active(), emitter));
      emitter.on("event", () => leaf("on"));
      emitter.prependListener("event", () => leaf("prepended"));
      emitter.once("event", () => leaf("once"));
      emitter.prependOnceListener("event", () => leaf("prepended once"));
      emitter.on("event", gone);
      emitter.off("event", gone);
      await around("emitting", () => emitter.emit("event"));
    }),
  "bound functions": () =>
    around("root", async () => {
      const bound = await around("binding", () => context.bind(context.active(), () => leaf("bound")));
      const rootless = context.bind(ROOT_CONTEXT, () => leaf("rootless"));
      await around("calling", () => [bound(), rootless()]);
    }),
  "contexts given by hand": () =>
    around("root", async (root) => {
      const key = createContextKey("a key of a library");
      const other = tracer.startSpan("other", {}, ROOT_CONTEXT);
      const beside = trace.setSpan(context.active().setValue(key, 1), other);
      tracer.startSpan("below other", {}, beside).end();
      context.with(beside, () => leaf("inside other"));
      context.with(trace.setSpan(ROOT_CONTEXT, root), () => leaf("back below root"));
      context.with(trace.deleteSpan(beside), () => leaf("below nothing"));
      tracer.startSpan("root again", { root: true }).end();
      tracer.startActiveSpan("explicit", {}, beside, (span) => {
        leaf("below explicit");
        if (context.active().getValue(key) !== 1) throw new Error("the value is lost");
        span.end();
      });
      other.end();
    }),
  "async generators": () =>
    around("root", async () => {
      async function* numbers(): AsyncGenerator<number> {
        for (let i = 0; i < 2; i++) {
          await sleep(1);
          leaf(`step ${i}`);
          yield i;
        }
      }
      const generator = await around("making", () => ({ it: numbers() }));
      for await (const i of generator.it) await around(`consuming ${i}`, () => leaf(`use ${i}`));
    }),
  streams: () =>
    around("root", async () => {
      const through = new PassThrough({ objectMode: true });
      through.on("data", (item) => leaf(`data ${item}`));
      await around("piping", () => pipeline(Readable.from([1, 2]), through));
    }),
  "a server and its client over http": () =>
    around("root", async () => {
      const server = createServer((request, response) => {
        tracer.startActiveSpan(`serve ${request.url}`, {}, ROOT_CONTEXT, (span) => {
          request.resume().on("end", () => {
            leaf(`ended ${request.url}`);
            response.end("ok", () => span.end());
          });
        });
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const ask = (path: string): Promise<void> =>
        around(`get ${path}`, async () => {
          const response = await answer(`http://127.0.0.1:${portOf(server.address())}${path}`);
          leaf(`answered ${path}`);
          for await (const _ of response) leaf(`read ${path}`);
        });
      await Promise.all([ask("/1"), ask("/2")]);
      await new Promise((resolve) => server.close(resolve));
    }),
};

function answer(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, resolve).on("error", reject));
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("the same parents as with OpenTelemetry's own SDK", () => {
  it.each(Object.entries(PROGRAMS))("%s", async (_name, program) => {
    const ours = treeOf(await onTracelight(program));
    const theirs = await onOpenTelemetry(program);
    expect(Object.keys(ours).length).toBeGreaterThan(2);
    expect(ours).toEqual(theirs);
  });
});
