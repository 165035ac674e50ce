// OpenInference's instrumentations say much in a span's input and output alone: read from there, where it can be.
import fc from "fast-check";
import { type Reading, readSpan } from "tracelight/conventions";
import { describe, expect, it } from "vitest";
import { spanFields } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";
import { said } from "./vocabularies.ts";

const read = (by: string, attributes: Record<string, unknown>): Reading =>
  readSpan(
    spanFields({ scope: { name: by }, attributes: { "openinference.span.kind": "LLM", ...attributes } }),
  );

describe("LangChain", () => {
  const JS = "@arizeai/openinference-instrumentation-langchain";
  const PYTHON = "openinference.instrumentation.langchain";
  const made = (name: string, kwargs: object) => ({
    lc: 1,
    type: "constructor",
    id: ["langchain", name],
    kwargs,
  });
  const human = made("HumanMessage", { content: "Weather?" });
  const answer = made("AIMessageChunk", {
    content: [
      { type: "text", text: "Let me look." },
      { type: "tool_use", id: "t1", name: "look", input: { at: 1 } },
    ],
    tool_calls: [{ id: "t1", name: "look", args: { at: 1 } }],
  });
  const parts = [
    { type: "text", text: "Let me look." },
    { type: "tool-call", id: "t1", name: "look", arguments: { at: 1 } },
  ];

  it.each([JS, PYTHON])("an agent says its state: all that was said, and the answer last, by %s", (by) => {
    const reading = read(by, {
      "openinference.span.kind": "AGENT",
      "input.value": JSON.stringify({ messages: [human] }, null, 1),
      "output.value": JSON.stringify({
        messages: [human, made("ChatMessage", { role: "ai", content: "Sunny" })],
      }),
    });
    expect(reading).toMatchObject({
      inputMessages: [{ role: "user", parts: [{ type: "text", text: "Weather?" }] }],
      outputMessages: [{ role: "assistant", parts: [{ type: "text", text: "Sunny" }] }],
      ...{ input: "Weather?", output: "Sunny" },
    });
  });

  it("a tool call is one, though some providers have it among the content as well", () => {
    const output = { generations: [[{ text: "", message: answer }]] };
    expect(read(JS, { "output.value": JSON.stringify(output) }).outputMessages).toEqual([
      { role: "assistant", parts },
    ]);
  });

  it("has a title where the words come with an image, which the messages' attributes leave out", () => {
    const content = [
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      { type: "text", text: "This?" },
    ];
    const input = { messages: [[made("HumanMessage", { content })]] };
    const attributes = { "llm.input_messages.0.message.role": "user", "input.value": JSON.stringify(input) };
    expect(read(JS, attributes).title).toBe("This?");
  });

  it("leaves what is no message as it is", () => {
    for (const value of [{ output: 1, more: 2 }, made("Document", { pageContent: "x" }), [1]])
      expect(
        read(JS, { "openinference.span.kind": "CHAIN", "output.value": JSON.stringify(value) }).output,
      ).toEqual(value);
  });
});

describe("clients", () => {
  const results = [
    { type: "tool_result", tool_use_id: "t1", content: "Amsterdam" },
    { type: "tool_result", tool_use_id: "t2", content: [{ type: "text", text: "12:00" }] },
  ];
  const flattened = {
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be brief.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.content": "Weather?",
    "llm.input_messages.2.message.role": "user",
    "llm.input_messages.2.message.tool_call_id": "t2",
  };
  const asked = { role: "user", parts: [{ type: "text", text: "Weather?" }] };

  it("have the results of several tools in the request", () => {
    const messages = [
      { role: "user", content: "Weather?" },
      { role: "user", content: results },
    ];
    expect(read("x", { ...flattened, "input.value": JSON.stringify({ messages }) }).inputMessages).toEqual([
      asked,
      {
        role: "tool",
        parts: [
          { type: "tool-result", id: "t1", result: "Amsterdam" },
          { type: "tool-result", id: "t2", result: "12:00" },
        ],
      },
    ]);
  });

  it.each(["__REDACTED__", '{"messages":[', '{"messages":"none"}'])(
    "or what is left of them beside %s",
    (input) => {
      expect(read("x", { ...flattened, "input.value": input }).inputMessages).toEqual([
        asked,
        { role: "tool", parts: [{ type: "tool-result", id: "t2" }] },
      ]);
    },
  );

  it("have the model that was asked for among the parameters, whichever answered", () => {
    const answered = { "llm.model_name": "gpt-4o-2024-08-06" };
    expect(read("x", { ...answered, "llm.invocation_parameters": '{"model":"gpt-4o"}' }).model).toBe(
      "gpt-4o",
    );
    expect(read("x", { ...answered, "llm.invocation_parameters": "{}" }).model).toBe("gpt-4o-2024-08-06");
    expect(read("bedrock", { "llm.model_name": "claude", "input.value": "text" }).model).toBe("claude");
  });
});

it("a long request of Bedrock's has its model, without all of it being parsed", () => {
  const input = `{"modelId":"eu.claude","messages":[${"[],".repeat(2 ** 18)}`;
  expect(read("bedrock", { "llm.model_name": "claude", "input.value": input }).model).toBe("eu.claude");
  const later = `{"system":[],"modelId":"eu.claude","messages":[]}`;
  expect(read("bedrock", { "llm.model_name": "claude", "input.value": later }).model).toBe("eu.claude");
});

it("whatever the input and the output hold, there is a reading", () => {
  const key = fc.constantFrom(
    "lc",
    "id",
    "kwargs",
    "messages",
    "generations",
    "message",
    "output",
    "content",
    "role",
  );
  const more = fc.constantFrom(
    "tool_calls",
    "tool_call_id",
    "status",
    "usage",
    "object",
    "modelId",
    "type",
    "text",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom(
        1,
        null,
        "",
        "x",
        "response",
        "tool_result",
        "HumanMessage",
        "ToolMessage",
        "ChatPromptValue",
      ),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.oneof(key, more), tie("value"), { maxKeys: 4 }),
    ),
  }));
  const scope = fc.constantFrom("langchain", "bedrock", "openai");
  const kind = fc.constantFrom("LLM", "TOOL", "AGENT", "CHAIN");
  fc.assert(
    fc.property(scope, kind, value, value, (by, kind, input, output) => {
      const attributes = {
        "openinference.span.kind": kind,
        ...{ "input.value": JSON.stringify(input), "input.mime_type": "application/json" },
        ...{ "output.value": JSON.stringify(output), "output.mime_type": "application/json" },
        ...{
          "llm.model_name": "m",
          "llm.invocation_parameters": JSON.stringify(input),
          metadata: JSON.stringify(input),
        },
        ...{ "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.tool_call_id": "1" },
      };
      expect(said(read(by, attributes))).toMatchObject({ vocabulary: "openinference" });
    }),
    { numRuns: runs(1000) },
  );
});
