// Live changes: what started and ended comes by itself, a reader that was away goes on where it was, and one that does not read costs nothing.
import { setTimeout as wait } from "node:timers/promises";
import { type Changes, readable, type Store, TracelightError } from "tracelight";
import { afterEach, describe, expect, test } from "vitest";
import { converse, memory, raw, served, sqlite } from "./support.ts";

interface Event {
  readonly id: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever comes.
  readonly data: any;
}

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** Listens, and gives event by event. */
async function listen(url: string, lastId?: string): Promise<() => Promise<Event>> {
  const stop = new AbortController();
  stops.push(stop);
  const headers = lastId === undefined ? {} : { "last-event-id": lastId };
  const response = await fetch(`${url}api/live`, { headers, signal: stop.signal });
  if (response.body === null) throw new Error("no body");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return async () => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const lines = text.slice(0, end).split("\n");
        text = text.slice(end + 2);
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
        if (field("event") !== "")
          return { id: field("id"), event: field("event"), data: JSON.parse(field("data")) };
        continue;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error("the stream ended");
      text += value;
    }
  };
}

/** Events until one holds. */
async function until(next: () => Promise<Event>, holds: (event: Event) => boolean): Promise<Event> {
  for (;;) {
    const event = await next();
    if (holds(event)) return event;
  }
}

describe.each([
  ["SQLite", sqlite],
  ["memory", memory],
])("over %s", (_name, make) => {
  test("what is done while a page listens comes to it", async () => {
    const tracer = make();
    const { url } = await served(tracer);
    const next = await listen(url);
    expect((await next()).event).toBe("ready");
    converse(tracer, { id: "trip-2" });
    const names = new Set<string>();
    await until(next, ({ data }) => {
      for (const { name, conversation_key } of data.spans ?? []) {
        expect(conversation_key).toBe("trip-2");
        names.add(name);
      }
      return names.size === 4;
    });
    expect([...names].sort()).toEqual(["converse", "get_weather", "llm", "search_events"]);
  });

  test("who was away gets what it missed", async () => {
    const tracer = make();
    const { url } = await served(tracer);
    const first = await listen(url);
    const { id } = await first();
    stops.pop()?.abort();
    converse(tracer, { id: "missed" });
    await tracer.flush();
    const again = await listen(url, id);
    const { data } = await until(again, ({ event }) => event === "changes");
    expect(data.conversations).toEqual(["missed"]);
    expect(data.spans).toHaveLength(7);
  });

  test("who missed more than can be told is told to read anew", async () => {
    const tracer = make();
    const { url } = await served(tracer);
    const { id } = await (await listen(url))();
    stops.pop()?.abort();
    for (let i = 0; i < 1500; i++) tracer.trace(`step ${i}`, () => undefined);
    await tracer.flush();
    const again = await listen(url, id);
    const event = await until(again, (one) => one.event !== "ready");
    expect(event).toMatchObject({ event: "reload", data: { reason: "behind" } });
  });

  test("a place of another store is answered by reload", async () => {
    const { url } = await served(make());
    const next = await listen(url, "0123.99");
    expect((await next()).event).toBe("ready");
    expect(await next()).toMatchObject({ event: "reload", data: { reason: "unknown-cursor" } });
  });
});

test("a span that runs is told of when it starts and when it ends", async () => {
  const tracer = sqlite();
  const { url } = await served(tracer);
  const next = await listen(url);
  await next();
  const span = tracer.startSpan("slow");
  const started = await until(next, ({ event }) => event === "changes");
  expect(started.data.spans).toMatchObject([{ name: "slow", state: "running", ended_at: null }]);
  span.end();
  const ended = await until(
    next,
    ({ event, data }) => event === "changes" && data.spans[0].state === "ended",
  );
  expect(ended.data.spans).toHaveLength(1);
});

test("only so many listen at once, and who leaves makes room", async () => {
  const { url } = await served(memory(), { maxStreams: 2 });
  await (await listen(url))();
  await (await listen(url))();
  expect((await raw(`${url}api/live`, {})).status).toBe(503);
  stops.pop()?.abort();
  for (;;) {
    const response = await fetch(`${url}api/live`, { signal: AbortSignal.timeout(60_000) });
    await response.body?.cancel();
    if (response.status === 200) break;
    await wait(10);
  }
});

test("a store that cannot be asked what changed is said to be so, on a stream that stays, until it can", async () => {
  const failure = new TracelightError("STORE_CORRUPT", "traces.db is damaged");
  const [broken, whole] = [Promise.reject(failure), Promise.resolve({ spans: [], cursor: "1" })];
  broken.catch(() => undefined);
  let answer: Promise<Changes> = broken;
  const store: Store = { name: "mine", write: () => undefined, find: () => [], changes: () => answer };
  const { url } = await served(readable(store));
  const next = await listen(url);
  expect(await next()).toMatchObject({ event: "unreadable", data: { detail: "traces.db is damaged" } });
  answer = whole;
  expect(await next()).toMatchObject({ event: "reload", data: { reason: "store-replaced" } });
  answer = broken;
  expect(await next()).toMatchObject({ event: "unreadable" });
});
