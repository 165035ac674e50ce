// What adapters do not do, and so do not cost: held by counts, since no time is the same twice.
import fc from "fast-check";
import { InMemoryTracer, Tracer } from "tracelight";
import { tracedFetch } from "tracelight/fetch";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openAiChat } from "../../src/agents/dialects/openai-chat.ts";
import { openAiResponses } from "../../src/agents/dialects/openai-responses.ts";
import { Bodies } from "../../src/agents/fetch/bodies.ts";
import { reveal } from "../../src/model/history.ts";
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

describe("a conversation that is sent again with each call", () => {
  afterEach(() => void vi.restoreAllMocks());

  const messages = Array.from({ length: 30 }, (_, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content: [{ type: "text", text: `What was said in turn ${i}` }],
  }));
  const tools = [{ type: "function", function: { name: "look", parameters: { type: "object" } } }];
  const bodyOf = (count: number) => JSON.stringify({ model: "m", messages: messages.slice(0, count), tools });

  /** What is asked as a span shows it, whichever list is shared. */
  function revealed<T extends { readonly messages?: unknown }>(asked: T | undefined): T | undefined {
    return asked && { ...asked, messages: reveal(asked.messages) };
  }

  async function asks(...bodies: readonly string[]) {
    const tracer = new InMemoryTracer();
    const ask = tracedFetch(tracer, { fetch: async () => Response.json(answer) });
    for (const body of bodies) await (await ask(URL, { method: "POST", body })).json();
    return tracer.getTraces().map(({ attributes }) => attributes);
  }

  it("is parsed as far as it is new, and each message is one object however many spans have it", async () => {
    const parse = vi.spyOn(JSON, "parse");
    const [first, second, again] = await asks(bodyOf(20), bodyOf(22), bodyOf(22));
    const parsed = parse.mock.calls.map(([text]) => text).filter((text) => text.includes("turn"));
    expect(parsed).toEqual([bodyOf(20), JSON.stringify(messages.slice(20, 22))]);
    const [before, after, same] = [first, second, again].map((one) => one?.["ai.llm.request.messages"] ?? []);
    expect(after).toEqual(messages.slice(0, 22));
    expect(same).toEqual(after);
    if (!Array.isArray(before) || !Array.isArray(after)) return expect.fail();
    expect(before.every((message: unknown, i) => message === after[i])).toBe(true);
    expect(after.every((message) => Object.isFrozen(message) && Object.isFrozen(message.content[0]))).toBe(
      true,
    );
    const key = "ai.llm.request.tool.config";
    expect([first?.[key], again?.[key]]).toEqual([{ tools }, { tools }]);
    expect(first?.[key]).toBe(again?.[key]);
  });

  it("is read the same as each request by itself, whatever is sent in whichever order", () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom("http://x/?sig=1", "]}", '],"tools":[', "__proto__", ""),
    );
    const item = fc.oneof(fc.record({ role: text, content: text }), fc.jsonValue(), text);
    const body = fc.record({
      ...{
        before: fc.dictionary(text, fc.jsonValue(), { maxKeys: 2 }),
        after: fc.dictionary(text, fc.jsonValue(), { maxKeys: 2 }),
      },
      ...{
        model: fc.constantFrom("a", "b"),
        count: fc.nat(6),
        gap: fc.constantFrom(0, 0, 0, 1),
        key: fc.constantFrom("messages", "input"),
      },
    });
    const sent = fc.tuple(
      fc.array(item, { minLength: 6, maxLength: 6 }),
      fc.array(body, { maxLength: 3 }),
      fc.array(fc.nat(), { maxLength: 12 }),
    );
    fc.assert(
      fc.property(sent, ([items, kinds, order]) => {
        const bodies = new Bodies();
        for (const n of order) {
          const kind = kinds[n % Math.max(1, kinds.length)];
          if (kind === undefined) return;
          const { before, after, model, gap, key } = kind;
          const list = items.slice(0, (kind.count + n) % 7);
          const json = JSON.stringify({ ...before, model, [key]: list, ...after }, undefined, gap);
          const dialect = key === "input" ? openAiResponses : openAiChat;
          const [together, alone] = [bodies, new Bodies()].map((one) =>
            revealed(one.asked(json, dialect, "/")),
          );
          expect(together).toEqual(alone);
          if (alone?.isOwned === true && !json.includes("http"))
            expect(alone).toEqual({ ...dialect.asked(JSON.parse(json), "/"), isOwned: true });
        }
      }),
    );
  });

  it("is kept for no more than some conversations, and for none that is very long", async () => {
    const parse = vi.spyOn(JSON, "parse");
    const of = (i: number, count: number) =>
      JSON.stringify({ model: `m${i}`, messages: messages.slice(0, count) });
    await asks(...Array.from({ length: 17 }, (_, i) => of(i, 4)), of(0, 6), of(16, 6));
    expect(parse.mock.calls.map(([text]) => text)).toContain(of(0, 6));
    expect(parse.mock.calls.map(([text]) => text)).not.toContain(of(16, 6));
    const long = (count: number) =>
      JSON.stringify({ model: "x".repeat(2 ** 20), messages: messages.slice(0, count) });
    await asks(long(2), long(4));
    expect(parse.mock.calls.map(([text]) => text)).toContain(long(4));
  });

  it("is given to a function that changes what is kept as values of its own", async () => {
    const tracer = new InMemoryTracer();
    const capture = (value: unknown) => Object.assign(Object(value), { seen: true });
    const ask = tracedFetch(tracer, { fetch: async () => Response.json(answer), capture });
    for (const count of [2, 4]) await (await ask(URL, { method: "POST", body: bodyOf(count) })).json();
    expect(tracer.getTraces().map(({ attributes }) => attributes["ai.llm.request.tool.config"])).toEqual([
      { tools, seen: true },
      { tools, seen: true },
    ]);
  });
});
