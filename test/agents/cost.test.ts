// What adapters do not do, and so do not cost: held by counts, since no time is the same twice.
import { Tracer } from "tracelight";
import { tracedFetch } from "tracelight/fetch";
import { describe, expect, it } from "vitest";
import { guardStream } from "../../src/tracing/streams/guard.ts";
import { collect } from "./collected.ts";

const URL = "http://localhost/v1/chat/completions";
const answer = { choices: [{ message: { role: "assistant", content: "Sunny." }, finish_reason: "stop" }] };
const asked = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] });

/** What a tracer wrote, by its weak references: nobody else holds it. */
function forgetful() {
  const written: WeakRef<object>[] = [];
  const tracer = new Tracer({ name: "drop", write: (span) => void written.push(new WeakRef(span)) });
  return { written, tracer };
}

/** True once all is garbage. */
async function isGone(references: readonly WeakRef<object>[]): Promise<boolean> {
  for (let turn = 0; turn < 20 && references.some((one) => one.deref() !== undefined); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return references.every((one) => one.deref() === undefined);
}

describe("an answer that was read", () => {
  it("is watched by functions that all answers share: one of its own, and what it holds, V8 would keep long", async () => {
    const ask = tracedFetch(forgetful().tracer, { fetch: async () => Response.json(answer) });
    const [a, b] = [
      await ask(URL, { method: "POST", body: asked }),
      await ask(URL, { method: "POST", body: asked }),
    ];
    const ways = (response: Response) =>
      Object.entries(Object.getOwnPropertyDescriptors(response)).map(([name, { value, get }]) => [
        name,
        value ?? get,
      ]);
    expect(ways(a).length).toBeGreaterThan(6);
    expect(ways(a)).toEqual(ways(b));
    expect(ways(a).every(([, way], i) => way === ways(b)[i]?.[1])).toBe(true);
    expect([await a.json(), await b.json()]).toEqual([answer, answer]);
  });

  it("holds no span, nor does what told of its end, however long the stream itself lives on", async () => {
    const { tracer, written } = forgetful();
    const stream = {};
    (() => {
      const guard = guardStream(tracer.startSpan("chat"));
      guard?.heldBy(stream);
      guard?.heldBy(stream);
      guard?.end({ how: "done" });
    })();
    expect(written).toHaveLength(1);
    expect(await isGone(written)).toBe(true);
    expect(stream).toEqual({});
  });
});
