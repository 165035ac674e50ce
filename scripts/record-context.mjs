// Records the conversations of test/fixtures/context/recorded: five SDKs, each in four stories, through our adapters, against a stub on this machine that counts
// tokens in a way of its own. To be run after a change of an adapter: npm run build && node scripts/record-context.mjs
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createServer2 } from "node:http2";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { generateText, jsonSchema, tool } from "ai";
import OpenAI from "openai";
import { InMemoryTracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { traceBedrock } from "tracelight/bedrock";
import { tracedFetch } from "tracelight/fetch";

const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, day: { type: "string" } },
  required: ["city"],
};
const TOOLS = [
  { name: "search_events", description: "Finds concerts, markets and shows in a city on a day." },
  { name: "find_trains", description: "Trains between two stations, with times, changes and prices." },
];
const EVENTS = Array.from({ length: 12 }, (_, i) => ({
  id: i,
  name: `Concert no. ${i} of the festival`,
  price: 12.5 * i,
  at: "19:30",
}));
const SYSTEM =
  "You plan days out. Ask before you book. Answer in the language of the question, in two or three sentences.";
const user = (text) => ({ role: "user", text });
const asks = (id, name, given, text = "I look.") => ({ role: "assistant", text, call: { id, name, given } });
const result = (id, name, value) => ({ role: "tool", id, name, value });
const says = (text) => ({ role: "assistant", text });

const BEGINNING = [
  user("What is on in Utrecht on Saturday? We are four, two of us children, and we come by train."),
  asks("call_1", "search_events", { city: "Utrecht", day: "saturday" }),
  result("call_1", "search_events", EVENTS),
];
const MIDDLE = [
  says(
    "There is a festival with twelve concerts. Concert no. 0 is free and begins at half past seven. Shall I look for trains?",
  ),
  user("Yes please, from Amsterdam. Back by ten."),
  asks("call_2", "find_trains", { city: "Amsterdam" }),
  result(
    "call_2",
    "find_trains",
    EVENTS.slice(0, 6).map(({ at }, i) => ({ from: "Amsterdam", at, track: i, price: 9.3 })),
  ),
];
const CHINESE = [
  user("请用中文再说一遍，并告诉我们孩子的票价。"),
  says("星期六在乌得勒支有十二场音乐会，孩子半价。火车每半小时一班。"),
];
const SUB = { system: "You translate what the planner says. Nothing else.", tools: [TOOLS[0]] };
const own = (...messages) => ({ system: SYSTEM, tools: TOOLS, messages });

/** Each call of each story, as what the model is given. */
const STORIES = {
  grows: [
    own(BEGINNING[0]),
    own(...BEGINNING),
    own(...BEGINNING, ...MIDDLE.slice(0, 2)),
    own(...BEGINNING, ...MIDDLE),
  ],
  shortened: [
    own(BEGINNING[0]),
    own(...BEGINNING),
    own(...BEGINNING, ...MIDDLE.slice(0, 2)),
    own(...BEGINNING.slice(0, 2), result("call_1", "search_events", EVENTS.slice(0, 2)), ...MIDDLE),
  ],
  summarised: [
    own(...BEGINNING),
    own(...BEGINNING, ...MIDDLE),
    own(
      user(
        "Summary of the conversation so far: four people go to Utrecht on Saturday by train, for a concert. Go on.",
      ),
      ...CHINESE.slice(0, 1),
    ),
  ],
  "two agents": [
    own(...BEGINNING),
    { ...SUB, messages: [user("There is a festival with twelve concerts.")], agent: "translator" },
    own(...BEGINNING, ...MIDDLE.slice(0, 1), ...CHINESE),
    {
      ...SUB,
      messages: [user("There is a festival with twelve concerts."), ...CHINESE.slice(1), user("Shorter.")],
      agent: "translator",
    },
  ],
};

// What the stub counts: pieces of words, as tokenizers have them, and a few for what stands around each part.
const counted = (text) =>
  (text.match(/\p{Script=Han}|\p{L}{1,6}|\p{N}{1,3}|[^\s\p{L}\p{N}]/gu) ?? []).length + 3;
const seen = new Map();
let told = [];

/** Total tokens of a request, and how many of them the last one of the same beginning had. */
function count(parts) {
  const texts = parts.flat().map((part) => JSON.stringify(part ?? ""));
  const before = seen.get(texts[0] + texts[1]) ?? [];
  const differs = texts.findIndex((text, i) => text !== before[i]);
  const same = texts.slice(0, differs < 0 ? texts.length : differs);
  seen.set(texts[0] + texts[1], texts);
  const sum = (some) => some.reduce((all, text) => all + counted(text), 0);
  const total = sum(texts);
  told.push(total);
  return { total, cached: same.length > 2 ? Math.min(sum(same), total - 1) : 0, output: 40 };
}

const WIRES = [
  [
    /chat\/completions/,
    ({ tools, messages, model }) => {
      const { total, cached, output } = count([JSON.stringify(tools), messages]);
      return {
        ...{ id: `c${total}`, object: "chat.completion", created: 1, model },
        choices: [
          { index: 0, message: { role: "assistant", content: "It is done." }, finish_reason: "stop" },
        ],
        usage: {
          ...{ prompt_tokens: total, completion_tokens: output, total_tokens: total + output },
          prompt_tokens_details: { cached_tokens: cached },
        },
      };
    },
  ],
  [
    /v1\/responses/,
    ({ tools, instructions, input, model }) => {
      const { total, cached, output } = count([JSON.stringify(tools), instructions, input]);
      return {
        ...{ id: "r1", object: "response", created_at: 1, model, status: "completed" },
        output: [
          {
            type: "message",
            id: "m1",
            role: "assistant",
            status: "completed",
            content: [{ type: "output_text", text: "It is done.", annotations: [] }],
          },
        ],
        usage: {
          ...{ input_tokens: total, output_tokens: output, total_tokens: total + output },
          ...{
            input_tokens_details: { cached_tokens: cached },
            output_tokens_details: { reasoning_tokens: 0 },
          },
        },
      };
    },
  ],
  [
    /v1\/messages/,
    ({ tools, system, messages, model }) => {
      const { total, cached, output } = count([JSON.stringify(tools), system, messages]);
      const fresh = Math.min(4, total - cached);
      return {
        ...{
          id: "m1",
          type: "message",
          role: "assistant",
          model,
          stop_reason: "end_turn",
          stop_sequence: null,
        },
        content: [{ type: "text", text: "It is done." }],
        usage: {
          ...{ input_tokens: fresh, cache_read_input_tokens: cached },
          ...{ cache_creation_input_tokens: total - cached - fresh, output_tokens: output },
        },
      };
    },
  ],
  [
    /generateContent/,
    ({ tools, systemInstruction, contents }) => {
      const { total, cached, output } = count([JSON.stringify(tools), systemInstruction, contents]);
      return {
        candidates: [
          { content: { role: "model", parts: [{ text: "It is done." }] }, finishReason: "STOP", index: 0 },
        ],
        usageMetadata: {
          ...{ promptTokenCount: total, candidatesTokenCount: output, totalTokenCount: total + output },
          cachedContentTokenCount: cached,
        },
        modelVersion: "gemini-2.5-flash",
      };
    },
  ],
  [
    /converse/,
    ({ toolConfig, system, messages }) => {
      const { total, cached, output } = count([JSON.stringify(toolConfig), system, messages]);
      const fresh = Math.min(4, total - cached);
      return {
        output: { message: { role: "assistant", content: [{ text: "It is done." }] } },
        stopReason: "end_turn",
        usage: {
          ...{ inputTokens: fresh, outputTokens: output, totalTokens: total + output },
          ...{ cacheReadInputTokens: cached, cacheWriteInputTokens: total - cached - fresh },
        },
        metrics: { latencyMs: 12 },
      };
    },
  ],
];

const answer = (path, body) => JSON.stringify(WIRES.find(([wire]) => wire.test(path))[1](JSON.parse(body)));

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  response.writeHead(200, { "content-type": "application/json" }).end(answer(request.url, body));
}).listen(0, "127.0.0.1");
const server2 = createServer2().listen(0, "127.0.0.1");
server2.on("stream", async (stream, headers) => {
  let body = "";
  for await (const chunk of stream) body += chunk;
  stream.respond({ ":status": 200, "content-type": "application/json" });
  stream.end(answer(headers[":path"], body));
});
await new Promise((resolve) => setTimeout(resolve, 100));
const url = `http://127.0.0.1:${server.address().port}`;

const chatTools = (tools) =>
  tools.map((one) => ({ type: "function", function: { ...one, parameters: SCHEMA } }));
const chat = ({ system, messages }) => [
  { role: "system", content: system },
  ...messages.map(({ role, text, call, id, value }) => {
    if (role === "tool") return { role, tool_call_id: id, content: JSON.stringify(value) };
    if (call === undefined) return { role, content: text };
    const given = { name: call.name, arguments: JSON.stringify(call.given) };
    return { role, content: text, tool_calls: [{ id: call.id, type: "function", function: given }] };
  }),
];

/** One call of a model through each SDK. */
const SDKS = {
  openai: (tracer) => {
    const client = new OpenAI({ apiKey: "stub", baseURL: `${url}/v1`, fetch: tracedFetch(tracer) });
    return (asked) =>
      client.chat.completions.create({
        model: "gpt-5",
        messages: chat(asked),
        tools: chatTools(asked.tools),
      });
  },
  responses: (tracer) => {
    const client = new OpenAI({ apiKey: "stub", baseURL: `${url}/v1`, fetch: tracedFetch(tracer) });
    return ({ system, tools, messages }) =>
      client.responses.create({
        ...{
          model: "gpt-5",
          instructions: system,
          tools: tools.map((one) => ({ type: "function", strict: false, parameters: SCHEMA, ...one })),
        },
        input: messages.flatMap(({ role, text, call, id, value }) => {
          if (role === "tool")
            return [{ type: "function_call_output", call_id: id, output: JSON.stringify(value) }];
          const said = { role, content: text };
          if (call === undefined) return [said];
          return [
            said,
            {
              type: "function_call",
              call_id: call.id,
              name: call.name,
              arguments: JSON.stringify(call.given),
            },
          ];
        }),
      });
  },
  anthropic: (tracer) => {
    const client = new Anthropic({ apiKey: "stub", baseURL: url, fetch: tracedFetch(tracer) });
    return ({ system, tools, messages }) =>
      client.messages.create({
        ...{ model: "claude-sonnet-4-6", max_tokens: 500, system },
        tools: tools.map((one) => ({ ...one, input_schema: SCHEMA })),
        messages: messages.map(({ role, text, call, id, value }) => {
          if (role === "tool")
            return {
              role: "user",
              content: [{ type: "tool_result", tool_use_id: id, content: JSON.stringify(value) }],
            };
          if (call === undefined) return { role, content: text };
          return {
            role,
            content: [
              { type: "text", text },
              { type: "tool_use", id: call.id, name: call.name, input: call.given },
            ],
          };
        }),
      });
  },
  gemini: (tracer) => {
    const client = new GoogleGenAI({
      apiKey: "stub",
      httpOptions: { baseUrl: url, fetch: tracedFetch(tracer) },
    });
    return ({ system, tools, messages }) =>
      client.models.generateContent({
        model: "gemini-2.5-flash",
        contents: messages.map(({ role, text, call, id, name, value }) => {
          if (role === "tool")
            return { role: "user", parts: [{ functionResponse: { id, name, response: { value } } }] };
          const said = { text };
          const parts =
            call === undefined
              ? [said]
              : [said, { functionCall: { id: call.id, name: call.name, args: call.given } }];
          return { role: role === "assistant" ? "model" : "user", parts };
        }),
        config: {
          systemInstruction: system,
          tools: [{ functionDeclarations: tools.map((one) => ({ ...one, parametersJsonSchema: SCHEMA })) }],
        },
      });
  },
  bedrock: (tracer) => {
    const credentials = { accessKeyId: "stub", secretAccessKey: "stub" };
    const endpoint = `http://127.0.0.1:${server2.address().port}`;
    const client = traceBedrock(
      new BedrockRuntimeClient({ region: "eu-central-1", endpoint, credentials }),
      tracer,
    );
    return ({ system, tools, messages }) =>
      client.send(
        new ConverseCommand({
          ...{ modelId: "anthropic.claude-sonnet-4-6", system: [{ text: system }] },
          toolConfig: {
            tools: tools.map(({ name, description }) => ({
              toolSpec: { name, description, inputSchema: { json: SCHEMA } },
            })),
          },
          messages: messages.map(({ role, text, call, id, value }) => {
            if (role === "tool")
              return {
                role: "user",
                content: [{ toolResult: { toolUseId: id, content: [{ json: { value } }] } }],
              };
            const use = call && { toolUse: { toolUseId: call.id, name: call.name, input: call.given } };
            return { role, content: [{ text }, ...(use === undefined ? [] : [use])] };
          }),
        }),
      );
  },
  "ai-sdk": (tracer, conversation) => {
    const model = createOpenAI({ baseURL: `${url}/v1`, apiKey: "stub" }).chat("gpt-5");
    return ({ system, tools, messages }) =>
      generateText({
        ...{ model, system, experimental_telemetry: aiSdk(tracer, { conversation }) },
        tools: Object.fromEntries(
          tools.map(({ name, description }) => [
            name,
            tool({ description, inputSchema: jsonSchema(SCHEMA) }),
          ]),
        ),
        messages: messages.map(({ role, text, call, id, name, value }) => {
          if (role === "tool")
            return {
              role,
              content: [
                { type: "tool-result", toolCallId: id, toolName: name, output: { type: "json", value } },
              ],
            };
          if (call === undefined) return { role, content: text };
          return {
            role,
            content: [
              { type: "text", text },
              { type: "tool-call", toolCallId: call.id, toolName: call.name, input: call.given },
            ],
          };
        }),
      });
  },
};

/** A turn of an agent; of another one, as a tool of the first. */
function within(tracer, agent, work, conversation) {
  if (conversation === undefined)
    return tracer.trace("translate", (span) => {
      span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": "translate" });
      return turn(tracer, agent, work, {});
    });
  return turn(tracer, agent, work, { "ai.conversation.id": conversation });
}

function turn(tracer, agent, work, given) {
  return tracer.trace("converse", (span) => {
    span.addAttributes({ ...given, "ai.agent.name": agent }, { inheritable: true });
    span.addAttribute("ai.trace.type", "converse");
    return work();
  });
}

const tokens = {};
for (const [story, calls] of Object.entries(STORIES)) {
  for (const [i, sdk] of ["openai", "anthropic", "gemini", "bedrock", "ai-sdk"].entries()) {
    // OpenAI's client has two ways: each in two of the stories.
    const way = i === 0 && story !== "grows" && story !== "shortened" ? "responses" : sdk;
    const name = `${way} ${story}`.replaceAll(" ", "-");
    const tracer = new InMemoryTracer();
    seen.clear();
    told = [];
    const call = SDKS[way](tracer, name);
    const all = async () => {
      for (const { agent, ...asked } of calls)
        await (agent === undefined ? call(asked) : within(tracer, agent, () => call(asked)));
    };
    // The AI SDK's turns are turns; what a client does is within one of ours.
    await (way === "ai-sdk" ? all() : within(tracer, "planner", all, name));
    while (tracer.openSpans().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    tokens[name] = told;
    const lines = tracer.getTraces().map((span) => JSON.stringify(span.toJSON()));
    writeFileSync(
      new URL(`../test/fixtures/context/recorded/${name}.jsonl`, import.meta.url),
      `${lines.join("\n")}\n`,
    );
  }
}
writeFileSync(
  new URL("../test/fixtures/context/recorded/tokens.json", import.meta.url),
  `${JSON.stringify(tokens, undefined, 2)}\n`,
);
server.close();
server.closeAllConnections();
server2.close();
process.exit();
