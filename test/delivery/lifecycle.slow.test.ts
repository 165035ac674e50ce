// The end of a process: nothing is lost that can be delivered, and the process ends as it would have.
import { closeOnSignals, InMemoryTracer, lambdaHandler, TracelightError, Tracer } from "tracelight";
import { describe, expect, it } from "vitest";
import { nameServer, startChild } from "./processes.ts";
import { deliveryTo, endedSpans, Server, until } from "./support.ts";

const NAMES = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`).sort();

describe("the end of the process", () => {
  it("delivers what waits, without a flush or close", async () => {
    const { url, received } = await nameServer();
    const child = startChild({ url, name: "end", spans: 300, finish: "end" });
    expect(await child.ended).toBe(0);
    expect([...received].sort()).toEqual(NAMES("end", 300));
  });

  it("comes even where the server is down: what waits for it is bounded in time", async () => {
    const child = startChild({ name: "lost", spans: 3, finish: "end" });
    expect(await child.ended).toBe(0);
  });

  it("nothing is left listening once all is delivered", async () => {
    const before = process.listenerCount("beforeExit");
    const { delivery } = deliveryTo(new Server());
    expect(process.listenerCount("beforeExit")).toBe(before);
    for (const span of endedSpans(3)) delivery.add(span);
    expect(process.listenerCount("beforeExit")).toBe(before + 1);
    await delivery.flush(30_000);
    await until(() => process.listenerCount("beforeExit") === before);
  });
});

describe("closeOnSignals", () => {
  it("closes the tracer, and the process ends by the signal", async () => {
    const { url, received } = await nameServer();
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const child = startChild({ url, name: signal, spans: 40, finish: "signal" });
      await child.ready;
      child.kill(signal);
      expect(await child.ended).toBe(signal);
    }
    expect([...received].sort()).toEqual([...NAMES("SIGINT", 40), ...NAMES("SIGTERM", 40)]);
  });

  it("a second signal does not wait", async () => {
    const child = startChild({ name: "hurry", spans: 40, finish: "signal" });
    await child.ready;
    // It says so when it has got the first.
    child.kill("SIGINT");
    await child.closing;
    child.kill("SIGINT");
    expect(await child.ended).toBe("SIGINT");
  });

  it("leaves the end to the app's own listener", async () => {
    const tracer = new InMemoryTracer();
    let heard = 0;
    const listen = () => void heard++;
    process.on("SIGUSR2", listen);
    closeOnSignals(tracer, { signals: ["SIGUSR2"] });
    process.kill(process.pid, "SIGUSR2");
    await until(() => process.listenerCount("SIGUSR2") === 1);
    process.off("SIGUSR2", listen);
    expect(heard).toBe(1);
  });

  it("gives back the undo, and refuses what is no signal", () => {
    const before = process.listenerCount("SIGTERM");
    const undo = closeOnSignals(new InMemoryTracer());
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    undo();
    expect(process.listenerCount("SIGTERM")).toBe(before);
    expect(() => closeOnSignals(new InMemoryTracer(), { signals: ["SIGKILL"] })).toThrow(TracelightError);
    expect(process.listenerCount("SIGTERM")).toBe(before);
  });
});

describe("lambdaHandler", () => {
  const context = { getRemainingTimeInMillis: () => 3000, functionName: "f" };

  function flushing() {
    const times: number[] = [];
    const flush = async ({ timeoutMs }: { timeoutMs: number }) => {
      times.push(timeoutMs);
      return { written: 0, pending: 0, dropped: 0, failed: 0, errors: [] };
    };
    return { times, tracer: new Tracer({ name: "sink", write: () => undefined, flush }) };
  }

  it("flushes within the time left, then gives the handler's own result", async () => {
    const { tracer, times } = flushing();
    const handler = lambdaHandler(tracer, (event: { n: number }, { functionName }: typeof context) => {
      expect(times).toEqual([]);
      return { n: event.n + 1, functionName };
    });
    expect(await handler({ n: 1 }, context)).toEqual({ n: 2, functionName: "f" });
    expect(times).toEqual([2500]);
  });

  it("of a handler that streams its response, too", async () => {
    const { tracer, times } = flushing();
    const handler = lambdaHandler(
      tracer,
      async (name: string, stream: string[], _context: typeof context) => {
        stream.push(`Hello, ${name}`);
        expect(times).toEqual([]);
      },
    );
    const stream: string[] = [];
    await handler("Ada", stream, context);
    expect(stream).toEqual(["Hello, Ada"]);
    expect(times).toEqual([2500]);
  });

  it("the handler's own error passes through, the same object", async () => {
    const { tracer, times } = flushing();
    const error = new Error("mine");
    const handler = lambdaHandler(tracer, async () => Promise.reject(error));
    await expect(handler({}, context)).rejects.toBe(error);
    expect(times).toHaveLength(1);
  });

  it("works without a context, and with a time that is over", async () => {
    const { tracer, times } = flushing();
    const handler = lambdaHandler(tracer, () => "ok");
    expect(await handler({}, {})).toBe("ok");
    expect(await handler({}, { getRemainingTimeInMillis: () => 100 })).toBe("ok");
    expect(times).toEqual([10_000 - 500, 0]);
  });
});
