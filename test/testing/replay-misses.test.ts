// What was not recorded is loud, and says what differs; what means nothing does not differ.
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { InMemoryTracer, TracelightError } from "tracelight";
import { tracedFetch } from "tracelight/fetch";
import { cassetteOf, type ReplayOptions, replay, replayFetch, replayTools } from "tracelight/replay";
import { describe, expect, it, vi } from "vitest";
import { plainFields } from "../../src/model/span-fields.ts";

const URL_ = "https://api.openai.com/v1/chat/completions";

/** The model says how many messages it was given. */
const model = async (_: unknown, init?: RequestInit): Promise<Response> => {
  const { messages } = JSON.parse(String(init?.body));
  const message = { role: "assistant", content: `answer to ${messages.length}` };
  return Response.json({ id: "chatcmpl-1", choices: [{ index: 0, message, finish_reason: "stop" }] });
};

type Message = { role: "user" | "assistant" | "system"; content: string };
const user = (content: string): Message => ({ role: "user", content });
const system = (content: string): Message => ({ role: "system", content });

async function ask(send: typeof fetch, messages: readonly Message[], more: object = {}): Promise<string> {
  const body = JSON.stringify({ model: "gpt-5", messages, ...more });
  const response = await send(URL_, { method: "POST", body });
  return JSON.parse(await response.text()).choices[0].message.content;
}

/** Three calls of one conversation. */
async function recorded(): Promise<InMemoryTracer> {
  const tracer = new InMemoryTracer();
  const send = tracedFetch(tracer, { fetch: model });
  const history: Message[] = [system("You are a weather bot. Today is 2026-11-30.")];
  await tracer.trace("work", async () => {
    for (const words of ["What is the weather in Paris?", "And tomorrow?", "Thanks."]) {
      history.push(user(words));
      history.push({ role: "assistant", content: await ask(send, history, { temperature: 0.2 }) });
    }
  });
  return tracer;
}

const FIRST = [system("You are a weather bot. Today is 2026-11-30."), user("What is the weather in Paris?")];
const replaying = async (options: ReplayOptions = {}) => replay((await recorded()).getTraces(), options);
const offline = () => Promise.reject(new Error("the network was asked"));

/** The miss that this is. */
async function missOf(messages: readonly Message[], more: object = { temperature: 0.2 }): Promise<string> {
  const recording = await replaying();
  const error: unknown = await ask(replayFetch(recording, { fetch: offline }), messages, more).catch(
    (e) => e,
  );
  expect(recording.misses).toEqual([error]);
  if (!(error instanceof TracelightError)) throw error;
  expect(error.code).toBe("REPLAY_MISS");
  expect(error.message.split("\n").length).toBeLessThanOrEqual(40);
  return error.message;
}

describe("a miss", () => {
  it("names the nearest call and the word that changed, in its first lines", async () => {
    const [, paris] = FIRST;
    const words = await missOf([
      FIRST[0] ?? system(""),
      { ...user(""), content: paris?.content.replace("Paris", "Rome") ?? "" },
    ]);
    expect(words).toMatchInlineSnapshot(`
      "No recorded call is what chat gpt-5 was asked. The nearest is model call 1 of 3, chat gpt-5.
      Message 1 (user) differs: What is the weather in [-Paris-]{+Rome+}?
      What stands in [-…-] was recorded, what stands in {+…+} was asked.
      Recorded model calls:
      > 1 chat gpt-5
        2 chat gpt-5
        3 chat gpt-5
      Record it with { mode: "record" }, take the nearest with { mode: "lenient" }, or name what is noise in { ignore, normalize }."
    `);
  });

  it("of the system prompt, of tools, model and settings", async () => {
    expect(
      (await missOf([system("You are a weather cat. Today is 2026-11-30."), FIRST[1] ?? user("")])).split(
        "\n",
      )[1],
    ).toContain("[-bot-]{+cat+}");
    const tools = [{ type: "function", function: { name: "get_weather", parameters: {} } }];
    expect(await missOf(FIRST, { temperature: 0.2, tools })).toContain(
      "The tool get_weather is asked, and was not recorded",
    );
    expect(await missOf(FIRST, { temperature: 0.2, model: "gpt-4" })).toContain(
      "The model differs: [-gpt-5-]{+gpt-4+}",
    );
    expect(await missOf(FIRST, { temperature: 0.9 })).toContain(
      "The setting temperature differs: [-0.2-]{+0.9+}",
    );
  });

  it("through the clients, which do not try again and say it", async () => {
    const recording = await replaying();
    const given = { apiKey: "key", fetch: replayFetch(recording, { fetch: offline }) };
    const messages = [{ role: "user" as const, content: "Hello" }];
    const openai = new OpenAI(given).chat.completions.create({ model: "gpt-5", messages });
    await expect(openai).rejects.toMatchObject({
      code: "REPLAY_MISS",
      message: expect.stringMatching(/^400 No recorded call/),
    });
    const anthropic = new Anthropic(given).messages.create({ model: "claude", max_tokens: 9, messages });
    await expect(anthropic).rejects.toThrow(
      /^400 No recorded call is what chat claude was asked\. The nearest is model call/,
    );
    expect(recording.misses).toHaveLength(2);
  });

  it("of what is no call of a model, and of an empty recording", async () => {
    const recording = await replaying();
    await expect(replayFetch(recording)("https://example.com/weather?key=1")).rejects.toThrow(
      /^GET https:\/\/example.com\/weather is no call/,
    );
    await expect(replay([])).rejects.toMatchObject({ code: "NOTHING_RECORDED" });
    await expect(replay("no-such-file.jsonl")).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
  });

  it("of what is asked more often than it was recorded", async () => {
    const send = replayFetch(await replaying(), { fetch: offline });
    expect(await ask(send, FIRST, { temperature: 0.2 })).toBe("answer to 2");
    await expect(ask(send, FIRST, { temperature: 0.2 })).rejects.toThrow(
      /asked for more often than it was recorded/,
    );
  });
});

describe("what means nothing", () => {
  it("does not differ: dates, ids, blanks, the order of keys, and what is named", async () => {
    const send = replayFetch(
      await replaying({ ignore: ["temperature"], normalize: (text) => text.replace(/mister /g, "") }),
      { fetch: offline },
    );
    const other = [
      system("You are a mister weather bot.\n  Today is 2027-01-02."),
      user("What is  the weather in Paris? "),
    ];
    expect(
      await ask(
        send,
        other.map(({ role, content }) => ({ content, role })),
        { temperature: 0.7 },
      ),
    ).toBe("answer to 2");
  });

  it("but what is the very same goes before what is nearly", async () => {
    const tracer = new InMemoryTracer();
    let nr = 0;
    const count = async () =>
      Response.json({ choices: [{ message: { role: "assistant", content: `${++nr}` } }] });
    const send = tracedFetch(tracer, { fetch: count });
    for (const day of ["2026-12-01", "2026-12-02", "2026-12-02"])
      await ask(send, [user(`Weather on ${day}?`)]);
    const again = replayFetch(await replay(tracer.getTraces()), { fetch: offline });
    expect(await ask(again, [user("Weather on 2026-12-02?")])).toBe("2");
    expect(await ask(again, [user("Weather on 2026-12-02?")])).toBe("3");
    expect(await ask(again, [user("Weather on 2026-12-03?")])).toBe("1");
  });

  it("parallel calls get each their own", async () => {
    const tracer = new InMemoryTracer();
    const echo = async (_: unknown, init?: RequestInit) => {
      const { messages } = JSON.parse(String(init?.body));
      return Response.json({
        choices: [{ message: { role: "assistant", content: messages[0].content.toUpperCase() } }],
      });
    };
    const all = ["a", "b", "c", "d"];
    const each = (send: typeof fetch, words: string[]) =>
      Promise.all(words.map((word) => ask(send, [user(word)])));
    await each(tracedFetch(tracer, { fetch: echo }), all);
    const send = replayFetch(await replay(tracer.getTraces()), { fetch: offline });
    expect(await each(send, all.toReversed())).toEqual(["D", "C", "B", "A"]);
  });
});

describe("other modes", () => {
  it("lenient: the nearest answers", async () => {
    const recording = await replaying({ mode: "lenient" });
    const send = replayFetch(recording, { fetch: offline });
    expect(await ask(send, [user("What is the weather in Rome?")])).toBe("answer to 2");
    expect(recording.left).toBe(2);
  });

  it("a fork: so many calls are answered, the rest go to the model", async () => {
    const seen: string[] = [];
    const real = async (_: unknown, init?: RequestInit) => {
      seen.push(String(init?.body));
      return Response.json({ choices: [{ message: { role: "assistant", content: "from the model" } }] });
    };
    const send = replayFetch(await replaying({ until: 1 }), { fetch: real });
    await expect(ask(send, [user("Other")], {})).rejects.toThrow("The nearest is model call 1 of 1");
    expect(await ask(send, FIRST, { temperature: 0.2 })).toBe("answer to 2");
    expect(await ask(send, [user("Anything")])).toBe("from the model");
    expect(seen).toHaveLength(1);
  });
});

describe("timing", () => {
  const minute = async (): Promise<InMemoryTracer> => {
    const tracer = new InMemoryTracer();
    const attributes = {
      ...{ "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "gpt-5" },
      "ai.llm.request.messages": [user("Hello")],
      "ai.llm.response.output": { message: { role: "assistant", content: "one two three" } },
      "gen_ai.response.time_to_first_chunk": 20,
    };
    tracer.startSpan("chat gpt-5", { attributes }).end();
    return tracer;
  };
  /** The call took a minute. */
  const recording = async () =>
    replay(
      (await minute()).getTraces().map((span) => {
        const { startedAtMicros } = span;
        return { ...plainFields(span), endedAtMicros: startedAtMicros + 60_000_000 };
      }),
    );

  it("none: no timer is waited for; recorded: the first piece and the last come when they did", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const quick = replayFetch(await recording(), { fetch: offline });
      expect(await ask(quick, [user("Hello")])).toBe("one two three");
      expect(vi.getTimerCount()).toBe(0);
      const body = JSON.stringify({ model: "gpt-5", stream: true, messages: [user("Hello")] });
      const slow = replayFetch(await recording(), { fetch: offline, timing: "recorded" });
      const reader = (await slow(URL_, { method: "POST", body })).body?.getReader();
      for (const ms of [20_000, 8_000, 8_000, 8_000, 8_000, 8_000]) {
        const piece = reader?.read();
        await vi.advanceTimersByTimeAsync(ms - 1);
        expect(vi.getTimerCount()).toBe(1);
        await vi.advanceTimersByTimeAsync(1);
        expect((await piece)?.done).toBe(false);
      }
      expect((await reader?.read())?.done).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("a wait ends where the app calls it off", async () => {
    const abort = new AbortController();
    const body = JSON.stringify({ model: "gpt-5", messages: [user("Hello")] });
    const send = replayFetch(await recording(), { fetch: offline, timing: "recorded" });
    const asked = send(URL_, { method: "POST", body, signal: abort.signal });
    abort.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("tools", () => {
  async function withTools(): Promise<InMemoryTracer> {
    const tracer = new InMemoryTracer();
    const call = (name: string, input: unknown, work: () => unknown) =>
      tracer
        .trace(
          name,
          {
            attributes: { "ai.trace.type": "tool-invocation", "ai.tool.name": name, "ai.tool.input": input },
          },
          async (span) => {
            const output = work();
            span.addAttribute("ai.tool.output", output);
            return output;
          },
        )
        .catch(() => undefined);
    await call("get_weather", { city: "Paris", day: 1 }, () => ({ degrees: 25 }));
    await call("get_weather", { city: "Rome" }, () => "hot");
    await call("book", { hotel: "Ritz" }, () => {
      throw new RangeError("fully booked");
    });
    return tracer;
  }

  it("give what was recorded, throw what was thrown, and miss loudly", async () => {
    const recording = await replay((await withTools()).getTraces());
    const tools = replayTools(recording);
    expect(Object.keys(tools)).toEqual(["get_weather", "book"]);
    expect(await tools["get_weather"]?.({ day: 1, city: "Paris" })).toEqual({ degrees: 25 });
    expect(await tools["get_weather"]?.({ city: "Rome" })).toBe("hot");
    await expect(tools["book"]?.({ hotel: "Ritz" })).rejects.toMatchObject({
      name: "RangeError",
      message: "fully booked",
    });
    await expect(tools["get_weather"]?.({ city: "Oslo" })).rejects.toThrow(
      'The nearest has {"city":"[-Rome-]{+Oslo+}"}',
    );
    await expect(tools["get_weather"]?.({ city: "Rome" })).rejects.toThrow("is called once more");
    const own = replayTools(recording, { pay: (amount: number) => amount });
    await expect(own.pay(3)).rejects.toMatchObject({
      code: "REPLAY_MISS",
      message: expect.stringContaining("Recorded tools: get_weather, book."),
    });
    expect(recording.misses).toHaveLength(3);
  });

  it("the app's own are called behind a fork alone", async () => {
    const get_weather = async ({ city }: { city: string }) => `real ${city}`;
    const tools = replayTools(await replay((await withTools()).getTraces(), { until: 0 }), { get_weather });
    expect(await tools.get_weather({ city: "Rome" })).toBe("hot");
    expect(await tools.get_weather({ city: "Oslo" })).toBe("real Oslo");
  });
});

describe("a cassette", () => {
  it("has what replay needs, redacted, and is replayed from a file", async () => {
    const tracer = new InMemoryTracer();
    const send = tracedFetch(tracer, { fetch: model });
    const secret = [
      user("I am ann@example.com, and my key is sk-proj-abcdefghijklmnopqrstuvwx1234567890ABCD"),
    ];
    await tracer.trace("work", { attributes: { "ai.conversation.id": "conversation-one" } }, () =>
      ask(send, secret),
    );
    const text = cassetteOf(tracer.getTraces());
    expect(text.trim().split("\n")).toHaveLength(1);
    for (const left of ["ann@", "sk-proj", "conversation-one", "work"]) expect(text).not.toContain(left);
    expect(cassetteOf(tracer.getTraces(), { redact: false })).toContain("ann@");
    expect(cassetteOf(tracer.getTraces(), { redact: false })).not.toContain("sk-proj");
    const file = join(await mkdtemp(join(tmpdir(), "cassette-")), "shop.jsonl");
    await writeFile(file, text + text);
    expect(await ask(replayFetch(await replay(file), { fetch: offline }), secret)).toBe("answer to 1");
    expect(await readFile(file, "utf8")).toBe(text + text);
  });

  it("of the same spans is the same; two after each other are one with the calls of both", async () => {
    const [one, other] = [(await recorded()).getTraces(), (await recorded()).getTraces()];
    expect(cassetteOf(one)).toBe(cassetteOf(one.toReversed()));
    const file = join(await mkdtemp(join(tmpdir(), "cassette-")), "both.jsonl");
    await writeFile(file, cassetteOf(other) + cassetteOf(one) + cassetteOf(other));
    expect((await replay(file)).left).toBe(6);
  });
});
