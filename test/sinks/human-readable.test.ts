// The terminal text: its layout, its colours, its cuts, and that nobody can forge it.
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { HumanReadableTracer, InMemoryTracer, Span } from "tracelight";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { anyCharacter } from "../characters.ts";

class Terminal {
  readonly isTTY: boolean;
  readonly columns: number;
  text = "";
  constructor(isTTY = false, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(text: string): void {
    this.text += text;
  }
}

const ESC = "\u001b";
const times = { started_at: "2026-11-22T10:36:03.657928Z", ended_at: "2026-11-22T10:36:03.757994Z" };

function spanOf(attributes: Record<string, unknown>, fields: object = {}): Span {
  const tracer = new InMemoryTracer();
  tracer.trace("x", (span) => span.addAttributes(attributes));
  const record = tracer.getTraces()[0]?.toJSON();
  if (record === undefined) throw new Error("no span");
  const ids = { trace_id: "d4f138116f9d45824ef6584de848a45e", span_id: "ff87c8f9ec181bfe" };
  return Span.fromRecord({
    ...record,
    ...ids,
    ...times,
    span_name: "get_weather",
    duration_ms: 100,
    ...fields,
  });
}

describe("the layout", () => {
  test("is a header, the attributes that say what it is, and the body", () => {
    const span = spanOf(
      {
        "ai.trace.type": "tool-invocation",
        "peer.service": "tool:get_weather",
        "ai.conversation.id": 42,
        "ai.subcontext.id": "sub",
        "ai.auth.context": { principal_id: "user123", tenant: "t1" },
        "ai.tool.name": "get_weather",
        "ai.tool.input": { city: "Amsterdam" },
        "ai.tool.output": "Sunny",
      },
      { parent_span_id: "449fdf1a0b31d802", resource_attributes: { "service.name": "MyAgent" } },
    );
    expect(span.asHumanReadable()).toBe(
      [
        "[d4f138116f9d45824ef6584de848a45e/449fdf1a0b31d802/ff87c8f9ec181bfe] MyAgent INTERNAL get_weather" +
          " - 2026-11-22T10:36:03.657Z - 2026-11-22T10:36:03.757Z [100 ms]",
        "  ai.trace.type=tool-invocation peer.service=tool:get_weather ai.conversation.id=42 ai.subcontext.id=sub" +
          " ai.auth.context=user123",
        "          Tool: get_weather",
        '         Input: {"city": "Amsterdam"}',
        "        Output: Sunny",
      ].join("\n"),
    );
  });

  test("shows the last message, the response and the stop reason of a model call", () => {
    const text = spanOf({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.messages": [
        { role: "user", content: [{ text: "Hi" }] },
        { role: "user", content: [{ text: "What is the weather?" }] },
      ],
      "ai.llm.response.output": { message: { role: "assistant", content: [{ text: "Sunny." }] } },
      "ai.llm.response.stop.reason": "end_turn",
    }).asHumanReadable();
    expect(text).toContain("  Last message: What is the weather?");
    expect(text).toContain("      Response: Sunny.");
    expect(text).toContain("   Stop reason: end_turn");
    expect(text).not.toContain("Hi");
  });

  test("tells the model and the tokens of a model call, whoever wrote it; a cache and reasoning where there are any", () => {
    const bodyOf = (attributes: Record<string, unknown>): string[] =>
      spanOf(attributes).asHumanReadable().split("\n").slice(1);
    const toolkit = bodyOf({
      ...{ "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "claude-sonnet" },
      "ai.llm.response.usage": { inputTokens: 300, outputTokens: 40 },
    });
    expect(toolkit).toContain("         Model: claude-sonnet");
    expect(toolkit).toContain("         Usage: 300 in, 40 out");
    const otel = bodyOf({
      ...{
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt",
        "gen_ai.usage.input_tokens": 1300,
      },
      ...{ "gen_ai.usage.output_tokens": 40, "gen_ai.usage.cache_read.input_tokens": 1000 },
      ...{ "gen_ai.usage.reasoning.output_tokens": 12, "gen_ai.response.time_to_first_chunk": 0.42 },
    });
    expect(otel).toContain("   First token: 420 ms");
    expect(otel).toContain("         Model: gpt");
    expect(otel).toContain("         Usage: 1,300 in (1,000 read from a cache), 40 out (12 for reasoning)");
    expect(bodyOf({ "ai.trace.type": "llm-invocation" }).join("\n")).not.toMatch(/Model|Usage/);
    expect(bodyOf({ "ai.trace.type": "tool-invocation", "ai.tool.input": 1 }).join("\n")).not.toMatch(
      /Model|Usage/,
    );
  });

  test.each([
    [0, "0 µs"],
    [58, "58 µs"],
    [1_400, "1.4 ms"],
    [812_000, "812 ms"],
    [1_230_000, "1.23 s"],
    [125_000_000, "2m 05s"],
  ])("writes a duration of %i µs as the command does", (micros, text) => {
    const endedAt = new Date(Date.parse(times.started_at) + 0).getTime() * 1000 + 928 + micros;
    const ended_at = `${new Date(Math.floor(endedAt / 1000)).toISOString().slice(0, 23)}${String(endedAt % 1000).padStart(3, "0")}Z`;
    const span = spanOf({}, { ended_at, duration_ms: Math.round(micros / 1000) });
    expect(span.asHumanReadable()).toContain(` [${text}]`);
  });

  test("shows what a model called where its answer is not text", () => {
    const toolUse = { toolUse: { toolUseId: "t1", name: "get_weather", input: { city: "Amsterdam" } } };
    const text = spanOf({
      "ai.trace.type": "llm-invocation",
      "ai.llm.response.output": { message: { role: "assistant", content: [toolUse] } },
    }).asHumanReadable();
    expect(text).toContain('"name": "get_weather"');
  });

  test("shows a turn's input and response, and errors", () => {
    const text = spanOf(
      {
        "ai.trace.type": "converse",
        "ai.user.input": "Hi",
        "ai.agent.response": "Hello",
        "exception.message": "boom",
      },
      { span_status: "ERROR" },
    ).asHumanReadable();
    expect(text).toContain("         Input: Hi\n      Response: Hello\n         Error: boom");
  });

  test("says root without a parent, and names the agent before the service", () => {
    const header = spanOf({ "ai.agent.name": "Weather" }, { resource_attributes: { "service.name": "S" } })
      .asHumanReadable()
      .split("\n")[0];
    expect(header).toContain("/root/");
    expect(header).toContain("] Weather INTERNAL");
    expect(spanOf({}).asHumanReadable()).toContain("<missing service.name>");
  });

  test("says that a span was interrupted", () => {
    const span = spanOf({}, { ended_at: null, duration_ms: null, state: "interrupted" });
    expect(span.asHumanReadable()).toContain("[INTERRUPTED]");
  });
});

describe("colours", () => {
  test("are blue ids, a cyan agent, the kind by its role, yellow attributes and a grey body", () => {
    const attributes = { "ai.trace.type": "tool-invocation", "ai.tool.input": "in" };
    const kinds = { INTERNAL: 94, SERVER: 92, CLIENT: 95 };
    for (const [kind, code] of Object.entries(kinds)) {
      const text = spanOf(attributes, { span_kind: kind }).asHumanReadable({ color: true });
      expect(text).toContain(`${ESC}[94m[d4f138116f9d45824ef6584de848a45e/`);
      expect(text).toContain(`${ESC}[96m`);
      expect(text).toContain(`${ESC}[${code}m${kind}${ESC}[0m`);
      expect(text).toContain(`${ESC}[93mai.trace.type=`);
      expect(text).toContain(`${ESC}[90m         Input: in`);
    }
    const failed = spanOf({ "ai.tool.error": "no" }, { span_kind: "SERVER" }).asHumanReadable({
      color: true,
    });
    expect(failed).toContain(`${ESC}[91mSERVER`);
    expect(failed).toContain(`${ESC}[91m         Error: no`);
  });

  describe("follow", () => {
    // Set back one by one: what stands in the place of `process.env` is not what Node itself reads.
    beforeEach(() => {
      for (const name of ["NO_COLOR", "FORCE_COLOR", "TERM"]) vi.stubEnv(name, undefined);
    });
    afterEach(() => {
      vi.unstubAllEnvs();
    });
    const isColored = (isTTY: boolean, options: { color?: boolean } = {}): boolean => {
      const stream = new Terminal(isTTY);
      new HumanReadableTracer({ stream, ...options }).trace("x", () => undefined);
      return stream.text.includes(ESC);
    };
    test("the terminal", () => {
      expect([isColored(true), isColored(false)]).toEqual([true, false]);
    });
    test("TERM, where it says that the terminal is a dumb one", () => {
      vi.stubEnv("TERM", "dumb");
      expect(isColored(true)).toBe(false);
    });
    test("NO_COLOR", () => {
      vi.stubEnv("NO_COLOR", "1");
      expect(isColored(true)).toBe(false);
    });
    test("FORCE_COLOR, which wins, and whose 0 is off", () => {
      vi.stubEnv("NO_COLOR", "1");
      vi.stubEnv("FORCE_COLOR", "1");
      expect(isColored(false)).toBe(true);
      vi.stubEnv("FORCE_COLOR", "0");
      expect(isColored(true)).toBe(false);
    });
    test("the option, which wins over all", () => {
      vi.stubEnv("FORCE_COLOR", "1");
      expect(isColored(true, { color: false })).toBe(false);
    });
  });
});

describe("running spans", () => {
  test("are shown in grey when they are model or tool calls, and at most once in snapshotEveryMs", () => {
    const stream = new Terminal();
    const tracer = new HumanReadableTracer({ stream, color: true, snapshotEveryMs: 3_600_000 });
    const call = tracer.startSpan("call").addAttribute("ai.trace.type", "llm-invocation");
    call.emitSnapshot();
    call.emitSnapshot();
    const other = tracer.startSpan("other").addAttribute("ai.trace.type", "converse");
    other.emitSnapshot();
    expect(stream.text.match(/SNAPSHOT/g)).toHaveLength(1);
    const shown = stream.text.split(`${ESC}[0m`).filter((part) => part.includes(`${ESC}[`));
    for (const part of shown) expect(part).toContain(`${ESC}[90m`);
    call.end();
    expect(stream.text.match(/SNAPSHOT/g)).toHaveLength(1);
    expect(stream.text).toMatch(/call.* \[\S+ (µs|ms)\]/);
  });

  test("are shown every time where snapshotEveryMs is 0", () => {
    const stream = new Terminal();
    const tracer = new HumanReadableTracer({ stream, snapshotEveryMs: 0 });
    const call = tracer.startSpan("call").addAttribute("ai.trace.type", "tool-invocation");
    for (let i = 0; i < 3; i++) call.emitSnapshot();
    expect(stream.text.match(/SNAPSHOT/g)).toHaveLength(3);
    call.end();
  });
});

describe("cuts", () => {
  test("long values to maxLength and maxLines, and says so", () => {
    const value = "x".repeat(100);
    const text = spanOf({ "ai.trace.type": "tool-invocation", "ai.tool.input": value }).asHumanReadable({
      maxLength: 20,
      maxLines: 3,
    });
    const lines = text.split("\n").slice(2);
    expect(lines).toEqual([
      `         Input: ${"x".repeat(20)}`,
      `                ${"x".repeat(20)}`,
      `                ${"x".repeat(17)}...`,
    ]);
  });

  test("to the terminal's width", () => {
    const stream = new Terminal(true, 60);
    const tracer = new HumanReadableTracer({ stream, color: false });
    tracer.trace("x", (span) => {
      span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": "y".repeat(500) });
    });
    const body = stream.text.split("\n").filter((line) => line.includes("yyy"));
    expect(Math.max(...body.map((line) => line.length))).toBe(60);
  });

  test("ten megabytes, as text and inside objects, to what is shown", () => {
    const huge = `${ESC}[2J\u0000${"ab\r\n".repeat(2_500_000)}`;
    for (const output of [huge, { huge }, [huge, huge], { [huge]: 1 }]) {
      const text = spanOf({ "ai.trace.type": "tool-invocation", "ai.tool.output": output }).asHumanReadable();
      expect(text.length).toBeLessThan(3000);
      expect(text.endsWith("...")).toBe(true);
    }
  });

  test("a span of very many attributes, which are put together once", () => {
    const span = spanOf({ "ai.trace.type": "tool-invocation", "ai.tool.error": "no network", ...many(2000) });
    const asked = vi.spyOn(span, "attributes", "get");
    expect(span.asHumanReadable()).toContain("Error: no network");
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

function many(count: number): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
}

describe("what a model or tool wrote cannot", () => {
  const hostile = `${ESC}[2J${ESC}]8;;evil\u0007\rfake\u0000\u0085\u009b31m\u202e\u2066\u2028\n[fake/root/fake] OK\u{e0041}\ud800`;

  test("move the cursor, add lines or turn the text around, wherever it stands", () => {
    const span = spanOf(
      {
        "ai.trace.type": hostile,
        "peer.service": hostile,
        "ai.conversation.id": hostile,
        "ai.auth.context": hostile,
        "ai.agent.name": hostile,
      },
      { span_name: hostile, span_status: "ERROR", status_message: hostile },
    );
    const tool = spanOf({
      "ai.trace.type": "tool-invocation",
      "ai.tool.name": hostile,
      "ai.tool.input": hostile,
      "ai.tool.output": { [hostile]: [hostile] },
      "ai.tool.error": hostile,
    });
    for (const text of [span.asHumanReadable(), tool.asHumanReadable()]) {
      expect(text).toMatch(/^[\n -~]*$/);
      expect(text.split("\n").filter((line) => line.startsWith("[fake"))).toEqual([]);
    }
    expect(span.asHumanReadable().split("\n")).toHaveLength(3);
  });

  test("do so whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        const span = spanOf({
          "ai.trace.type": "tool-invocation",
          "ai.tool.output": text,
          "ai.conversation.id": text,
        });
        expect(span.asHumanReadable()).not.toMatch(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/,
        );
      }),
    );
  });
});

describe("the stream", () => {
  test("that breaks does not reach the app; its spans are counted as failed and reported", async () => {
    const stream = new PassThrough();
    const errors: string[] = [];
    const tracer = new HumanReadableTracer({ stream, onError: ({ code }) => errors.push(code) });
    tracer.trace("before", () => undefined);
    stream.destroy(new Error("EPIPE"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(tracer.trace("after", () => 42)).toBe(42);
    const report = await tracer.flush();
    expect(report.failed).toBeGreaterThanOrEqual(1);
    expect(errors).toContain("STREAM_FAILED");
    expect(report.errors.map(({ code }) => code)).toContain("STREAM_FAILED");
  });

  test("that is slow is waited for by flush, within its time", async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const tracer = new HumanReadableTracer({ stream });
    tracer.trace("slow", () => undefined);
    expect(await tracer.flush({ timeoutMs: 20 })).toMatchObject({ pending: 1 });
    stream.resume();
    expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0 });
  });

  test("whose write throws is reported", async () => {
    const errors: string[] = [];
    const stream = {
      write: () => {
        throw new Error("disk full");
      },
    };
    const tracer = new HumanReadableTracer({ stream, onError: ({ message }) => errors.push(message) });
    tracer.trace("x", () => undefined);
    expect(errors[0]).toContain("disk full");
    expect(await tracer.flush()).toMatchObject({ written: 0, failed: 1 });
  });
});
