// One reading for every vocabulary: what instrumentations really write, what providers' shapes become, and that nothing throws.
import fc from "fast-check";
import { type Reading, readSpan } from "tracelight/conventions";
import { describe, expect, it } from "vitest";
import { searchTexts } from "../../src/conventions/search.ts";
import { summarize } from "../../src/conventions/summary.ts";
import { VOCABULARIES } from "../../src/conventions/vocabularies/recognised.ts";
import { capture } from "../../src/model/capture.ts";
import { humanReadable } from "../../src/render/human-readable.ts";
import { anyMaker, spanFields } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";
import { expectedReadings, recordings, said } from "./vocabularies.ts";

function read(attributes: Record<string, unknown>, fields: Parameters<typeof spanFields>[0] = {}): Reading {
  return readSpan(spanFields({ ...fields, attributes }));
}

describe("recorded spans", () => {
  const expected = expectedReadings();

  it("are there for every vocabulary, and say who wrote them", () => {
    const read = new Set(recordings.flatMap(({ spans }) => spans.map((span) => readSpan(span).vocabulary)));
    expect([...read].sort()).toEqual(VOCABULARIES.map(({ name }) => name).sort());
    for (const { source } of recordings)
      expect(source).toMatchObject({ version: expect.stringMatching(/\d/) });
    expect(Object.keys(expected)).toEqual(recordings.map(({ name }) => name));
  });

  it.each(recordings.map((recording) => [recording.name, recording] as const))("%s", (name, { spans }) => {
    expect(spans.map((span) => said(readSpan(span)))).toEqual(expected[name]);
  });
});

describe("tokens are counted once", () => {
  const spansOf = (name: string) => recordings.find((recording) => recording.name === name)?.spans ?? [];

  it("where an agent has the sum of its model calls", () => {
    // Two agents: one of two calls, one of one call. The embedding is the third.
    const summary = summarize(spansOf("gen-ai-vercel"), "trace");
    expect(summary).toMatchObject({
      inputTokens: 3 * 1520 + 5,
      outputTokens: 3 * 22,
      modelCalls: 3,
      toolCalls: 1,
    });
    expect(summary).toMatchObject({ models: ["gpt-4o", "text-embedding-3-small"], tools: ["get_weather"] });
  });

  it("where a library and its client both say them", () => {
    const summary = summarize(spansOf("openinference-anthropic"), "trace");
    expect(summary).toMatchObject({ inputTokens: 1240, outputTokens: 55, modelCalls: 1 });
  });

  it("but what a tool's own model used is beside what called it", () => {
    const call = (spanId: string, parentSpanId: string | undefined, attributes: object) =>
      spanFields({
        spanId: spanId.repeat(16),
        parentSpanId: parentSpanId?.repeat(16),
        attributes: { ...attributes },
      });
    const model = { "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10 };
    const spans = [
      call("1", undefined, model),
      call("2", "1", { "gen_ai.operation.name": "execute_tool" }),
      call("3", "2", model),
    ];
    expect(summarize(spans, "trace")).toMatchObject({ inputTokens: 20, modelCalls: 2 });
  });

  it.each([
    [
      "Bedrock",
      { inputTokens: 40, outputTokens: 30, cacheReadInputTokens: 1000, cacheWriteInputTokens: 200 },
    ],
    [
      "Anthropic",
      {
        input_tokens: 40,
        output_tokens: 30,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 200,
      },
    ],
  ])("by the shape of %s, which has cached ones apart", (_name, usage) => {
    expect(read({ "ai.trace.type": "llm-invocation", "ai.llm.response.usage": usage }).usage).toEqual({
      ...{ input: 1240, output: 30, cachedRead: 1000, cachedWrite: 200 },
    });
  });

  it.each([
    [
      "OpenAI",
      { prompt_tokens: 1240, completion_tokens: 30, prompt_tokens_details: { cached_tokens: 1000 } },
    ],
    [
      "OpenAI's responses",
      { input_tokens: 1240, output_tokens: 30, input_tokens_details: { cached_tokens: 1000 } },
    ],
    ["the Vercel AI SDK", { inputTokens: 1240, outputTokens: 30, cachedInputTokens: 1000 }],
  ])("by the shape of %s, which has them within", (_name, usage) => {
    const { usage: read_ } = read({ "ai.trace.type": "llm-invocation", "ai.llm.response.usage": usage });
    expect(read_).toEqual({ input: 1240, output: 30, cachedRead: 1000 });
  });

  it("where an instrumentation says less went in than was cached", () => {
    const counts = { "gen_ai.usage.input_tokens": 40, "gen_ai.usage.cache_read.input_tokens": 1000 };
    expect(read({ "gen_ai.operation.name": "chat", ...counts }).usage).toEqual({
      input: 1040,
      cachedRead: 1000,
    });
  });
});

describe("a reading", () => {
  it("tells the toolkit's spans from those of the Vercel AI SDK, though both begin with ai.", () => {
    expect(read({ "ai.trace.type": "llm-invocation", "ai.model.id": "x" }).vocabulary).toBe("tracelight");
    expect(read({ "ai.conversation.id": "c", "ai.operationId": "ai.streamText.doStream" })).toMatchObject({
      vocabulary: "vercel-ai",
      kind: "model-call",
      conversation: "c",
    });
    expect(read({ "ai.conversation.id": "c" })).toMatchObject({ vocabulary: undefined, kind: "other" });
  });

  it("has what spans of other vocabularies inherit from the toolkit's", () => {
    const inherited = {
      "ai.conversation.id": 42,
      "ai.auth.context": { principal_id: "u1" },
      "ai.agent.name": "A",
    };
    const own = { "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "theirs" };
    expect(read({ ...inherited, ...own })).toMatchObject({
      kind: "model-call",
      conversation: 42,
      user: "u1",
      agent: "A",
    });
  });

  it("has the blocks of Bedrock's Converse as parts", () => {
    const bytes = Uint8Array.of(1, 2);
    const content = [
      { text: "Look" },
      { image: { format: "png", source: { bytes } } },
      { document: { format: "pdf", name: "report", source: { bytes } } },
      { cachePoint: { type: "default" } },
    ];
    const answer = [
      { reasoningContent: { reasoningText: { text: "Hm.", signature: "s" } } },
      { toolUse: { toolUseId: "t1", name: "look", input: { at: 1 } } },
    ];
    const results = [
      { toolResult: { toolUseId: "t1", content: [{ json: { seen: true } }], status: "success" } },
      { toolResult: { toolUseId: "t2", content: [{ text: "no" }], status: "error" } },
    ];
    const reading = read({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.system": [{ text: "Be brief." }],
      "ai.llm.request.messages": [
        { role: "user", content },
        { role: "assistant", content: answer },
        { role: "user", content: results },
      ],
      "ai.llm.request.tool.config": {
        tools: [{ toolSpec: { name: "look", inputSchema: { json: { type: "object" } } } }],
      },
    });
    expect(reading.systemPrompt).toBe("Be brief.");
    expect(reading.tools).toEqual([{ name: "look", schema: { type: "object" } }]);
    expect(reading.inputMessages).toEqual([
      {
        role: "user",
        parts: [
          { type: "text", text: "Look" },
          { type: "image", mediaType: "image/png", data: bytes },
          { type: "file", mediaType: "application/pdf", data: bytes, name: "report" },
        ],
      },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", text: "Hm." },
          { type: "tool-call", id: "t1", name: "look", arguments: { at: 1 } },
        ],
      },
      {
        role: "tool",
        parts: [
          { type: "tool-result", id: "t1", result: { seen: true } },
          { type: "tool-result", id: "t2", result: "no", isError: true },
        ],
      },
    ]);
  });

  it("has the parts of OpenTelemetry's messages, structured or as JSON text", () => {
    const messages = [
      {
        role: "user",
        parts: [
          { type: "uri", modality: "image", mime_type: "image/png", uri: "https://example.com/a.png" },
          { type: "file", modality: "video", file_id: "f1" },
          { type: "blob", modality: "audio", mime_type: "audio/wav", content: "AAAA" },
        ],
      },
    ];
    const parts = [
      { type: "image", mediaType: "image/png", url: "https://example.com/a.png" },
      { type: "file", fileId: "f1" },
      { type: "file", mediaType: "audio/wav", data: "AAAA" },
    ];
    for (const value of [messages, JSON.stringify(messages)]) {
      const reading = read({ "gen_ai.operation.name": "chat", "gen_ai.input.messages": value });
      expect(reading.inputMessages).toEqual([{ role: "user", parts }]);
    }
  });

  it("finds the title in the beginning of however long a conversation", () => {
    const messages = Array.from({ length: 50_000 }, (_, i) => ({
      role: i === 0 ? "system" : "user",
      parts: [{ type: "text", content: `Word "${i}" [` }],
    }));
    const json = JSON.stringify(messages);
    const attributes = { "gen_ai.operation.name": "chat", "gen_ai.input.messages": json };
    expect(read(attributes).title).toBe('Word "1" [');
    expect(read({ ...attributes, "gen_ai.input.messages": json.slice(0, -10) }).title).toBe('Word "1" [');
  });

  it("does the work that there is, whatever the numbers in names", () => {
    const at = (i: number | string) => `llm.input_messages.${i}.message`;
    const reading = read({
      "openinference.span.kind": "LLM",
      ...{
        [`${at(1e9)}.content`]: "last",
        [`${at(999_999_999)}.content`]: "first",
        [`${at("1e9")}.content`]: "none",
      },
      ...{
        [`${at("-1")}.content`]: "none",
        [`${at("9".repeat(400))}.content`]: "none",
        [at("__proto__")]: "none",
      },
    });
    expect(reading.inputMessages.map(({ parts }) => parts)).toEqual([
      [{ type: "text", text: "first" }],
      [{ type: "text", text: "last" }],
    ]);
  });

  it("leaves JSON that is broken, too deep or too long as the text it is", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const long = `["${"x".repeat(9_000_000)}"]`;
    for (const text of ['{"a": ', deep, long, "[1] tail"]) {
      const reading = read({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": text });
      expect(reading.tool?.arguments).toBe(text);
      expect(read({ "gen_ai.operation.name": "chat", "gen_ai.input.messages": text }).inputMessages).toEqual(
        [],
      );
    }
  });

  it("says why a span failed: in its words, by its status, or by the exception it recorded", () => {
    const exception = { name: "exception", at: new Date(0), attributes: { "exception.message": "boom" } };
    const failed = { spanStatus: "ERROR" } as const;
    expect(read({}, { ...failed, events: [exception] }).error).toBe("boom");
    expect(read({}, { ...failed, statusMessage: "400", events: [exception] }).error).toBe("400");
    expect(read({ "ai.tool.error": "no" }, { ...failed, statusMessage: "400" }).error).toBe("no");
    expect(read({ "gen_ai.tool.name": "x", "error.type": "timeout" }).error).toBe("timeout");
    expect(read({ "error.type": "404" }).error).toBeUndefined();
    expect(read({}, { events: [exception] }).error).toBeUndefined();
  });
});

describe("a span of another vocabulary", () => {
  const [call] = recordings.find(({ name }) => name === "vercel-ai")?.spans ?? [];
  const span = call ?? spanFields({});

  it("is shown as the toolkit's are", () => {
    expect(humanReadable(span).split("\n").slice(1)).toEqual([
      "  ai.conversation.id=session-42 ai.auth.context=user123",
      "         Model: gpt-4o",
      "  Last message: What is the weather in Amsterdam?",
      '      Response: [{"type": "text", "text": "Let me look."}, {"type": "tool-call", "id": "call_1",' +
        ' "name": "get_weather", "arguments": {"city": "Amsterdam"}}]',
      "   Stop reason: tool-calls",
      "         Usage: 1,520 in, 22 out",
    ]);
  });

  it("is found by what was said in it, not by the JSON around it", () => {
    expect(searchTexts(span)).toEqual([
      { label: "name", text: "ai.generateText.doGenerate" },
      { label: "message", text: "What is the weather in Amsterdam?" },
      { label: "output", text: "Let me look.\ncall_1\nget_weather\nAmsterdam" },
    ]);
  });
});

describe("whatever a span holds", () => {
  const names = VOCABULARIES.flatMap(({ names, counts = {}, structures }) => [
    ...Object.values(names).flat(),
    ...Object.values(counts).flat(),
    ...structures.filter((name) => !name.endsWith(".")),
  ]);
  const below = structureNames();
  const word = fc.constantFrom(
    ...[
      "0",
      "1",
      "999999999999",
      "-1",
      "message",
      "message_content",
      "contents",
      "content",
      "role",
      "tool_calls",
      "tool_call",
    ],
    ...[
      "function",
      "name",
      "arguments",
      "image",
      "url",
      "document",
      "type",
      "text",
      "__proto__",
      "constructor",
      "",
      "toString",
    ],
  );
  const key = fc.oneof(
    fc.constantFrom(
      ...names,
      "ai.trace.type",
      "openinference.span.kind",
      "gen_ai.operation.name",
      "mcp.method.name",
    ),
    fc
      .tuple(fc.constantFrom(...below), fc.array(word, { maxLength: 6 }))
      .map(([prefix, path]) => prefix + path.join(".")),
  );
  const kind = fc.constantFrom(
    ...[
      "LLM",
      "TOOL",
      "AGENT",
      "RETRIEVER",
      "chat",
      "execute_tool",
      "invoke_agent",
      "embeddings",
      "tools/call",
      "workflow",
    ],
    ...[
      "ai.generateText",
      "ai.toolCall",
      "ai.embed",
      "converse",
      "llm-invocation",
      "application/json",
      "user",
      "tool",
    ],
  );
  // Shapes that are nearly right: every field of every provider, with anything in it.
  const part = fc.dictionary(
    fc.constantFrom(
      ...[
        "type",
        "text",
        "content",
        "parts",
        "role",
        "toolUse",
        "toolResult",
        "image",
        "image_url",
        "source",
        "function",
      ],
      ...[
        "arguments",
        "name",
        "id",
        "tool_calls",
        "tool_call_id",
        "reasoningContent",
        "message",
        "output",
        "file",
        "toolName",
      ],
    ),
    fc.oneof(
      kind,
      fc.constantFrom("text", "tool_call", "tool_use", "tool-result", "image", "blob", "reasoning"),
      anyMaker.map((make) => capture(make())),
    ),
    { maxKeys: 5 },
  );
  const value = fc.oneof(
    kind,
    part,
    fc.array(part, { maxLength: 3 }),
    fc
      .array(part, { maxLength: 3 })
      .map((parts) =>
        JSON.stringify(capture(parts), (_key, inner) => (typeof inner === "bigint" ? String(inner) : inner)),
      ),
    anyMaker.map((make) => capture(make())),
    fc.constantFrom("[", "{}", "[[]]", '[{"role":"user"}]', '"x"', "null", -1, Number.NaN, 1e308, 5n),
  );
  const attributes = fc
    .array(fc.tuple(key, value), { maxLength: 12 })
    .map((entries) => Object.fromEntries(entries));
  const spans = fc
    .tuple(
      attributes,
      attributes,
      fc.constantFrom("gen_ai.choice", "gen_ai.user.message", "gen_ai.content.prompt", "exception"),
    )
    .map(([own, ofEvent, name]) =>
      spanFields({ attributes: own, events: [{ name, at: new Date(0), attributes: ofEvent }] }),
    );

  it("it has a reading, a row, texts to search and a block of text", () => {
    fc.assert(
      fc.property(spans, (span) => {
        const reading = said(readSpan(span));
        expect(typeof reading["kind"]).toBe("string");
        for (const text of ["title", "agent", "model", "error"].map((field) => reading[field])) {
          if (text !== undefined) expect(typeof text).toBe("string");
        }
        const {
          input = 0,
          output = 0,
          cachedRead = 0,
          cachedWrite = 0,
          reasoning = 0,
        } = readSpan(span).usage ?? {};
        expect(input).toBeGreaterThanOrEqual(cachedRead + cachedWrite);
        expect(output).toBeGreaterThanOrEqual(reasoning);
        expect(summarize([span], "trace")?.spans).toBe(1);
        expect(searchTexts(span).length).toBeGreaterThan(0);
        expect(humanReadable(span)).toContain(span.traceId);
      }),
      { numRuns: runs(2000) },
    );
  });

  function structureNames(): string[] {
    return VOCABULARIES.flatMap(({ structures }) => structures.filter((name) => name.endsWith(".")));
  }
});
