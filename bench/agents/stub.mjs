// The services that `npm run bench -- agents` asks, in a process of their own: what they take is not the client's.
import { createServer } from "node:http";
import { createServer as createServer2 } from "node:http2";
import { crc32 } from "node:zlib";

const TEXT = "It is 20 degrees in Amsterdam, 25 in Paris.";
const usage = { prompt_tokens: 1300, completion_tokens: 12, total_tokens: 1312 };
const head = { id: "c1", created: 1, model: "stub-1" };
const message = { role: "assistant", content: TEXT };
const whole = JSON.stringify({
  ...{ ...head, object: "chat.completion", usage },
  choices: [{ index: 0, message, finish_reason: "stop" }],
});
const claude = JSON.stringify({
  ...{ id: "m1", type: "message", role: "assistant", model: "stub-1", stop_reason: "end_turn" },
  ...{ content: [{ type: "text", text: TEXT }], usage: { input_tokens: 1300, output_tokens: 12 } },
});
const converse = JSON.stringify({
  output: { message: { role: "assistant", content: [{ text: TEXT }] } },
  ...{ stopReason: "end_turn", usage: { inputTokens: 1300, outputTokens: 12, totalTokens: 1312 } },
});

const gemini = JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text: TEXT }] }, finishReason: "STOP" }],
  ...{ modelVersion: "stub-1", usageMetadata: { promptTokenCount: 1300, candidatesTokenCount: 12 } },
});
const ollama = JSON.stringify({ model: "stub-1", message, done: true, done_reason: "stop", eval_count: 12 });

const CHAT = { path: "/chat/completions", whole, pieces: events };
const WIRES = [
  { path: "/messages", whole: claude, pieces: claudeEvents },
  { path: "enerateContent", whole: gemini, pieces: geminiEvents },
  { path: "/api/chat", whole: ollama, pieces: ollamaLines, isLines: true },
];

const http = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const said = WIRES.find(({ path }) => request.url.includes(path)) ?? CHAT;
  const isStreamed = request.url.includes("stream") || /"stream":\s*true/.test(body);
  if (!isStreamed) return void json(response).end(said.whole);
  const count = Number(/chunks-(\d+)/.exec(`${request.url} ${body}`)?.[1] ?? 1);
  response.writeHead(200, { "content-type": said.isLines ? "application/x-ndjson" : "text/event-stream" });
  response.end(said.pieces(count).join(""));
});

const http2 = createServer2();
http2.on("stream", (stream, headers) => {
  let body = "";
  stream.setEncoding("utf8").on("data", (chunk) => {
    body += chunk;
  });
  stream.on("end", () => {
    if (!headers[":path"].includes("stream")) {
      stream.respond({ ":status": 200, "content-type": "application/json" });
      return stream.end(converse);
    }
    stream.respond({ ":status": 200, "content-type": "application/vnd.amazon.eventstream" });
    const delta = frame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "word " } });
    const count = Number(/chunks-(\d+)/.exec(body)?.[1] ?? 1);
    stream.write(frame("messageStart", { role: "assistant" }));
    stream.write(Buffer.concat(Array(count).fill(delta)));
    stream.write(frame("messageStop", { stopReason: "end_turn" }));
    stream.end(frame("metadata", { usage: { inputTokens: 1300, outputTokens: 12, totalTokens: 1312 } }));
  });
});

// A connection waits while another is measured.
http.keepAliveTimeout = 3_600_000;
http.listen(0, "127.0.0.1", () =>
  http2.listen(0, "127.0.0.1", () => process.send([http, http2].map((server) => server.address().port))),
);
process.on("disconnect", () => process.exit());

function json(response) {
  return response.writeHead(200, { "content-type": "application/json" });
}

/** An answer of so many pieces, as OpenAI sends them. */
function events(count) {
  const event = (choices, more = {}) => sse({ ...head, object: "chat.completion.chunk", choices, ...more });
  const piece = event([{ index: 0, delta: { content: "word " }, finish_reason: null }]);
  const last = event([{ index: 0, delta: {}, finish_reason: "stop" }]);
  return [...Array(count).fill(piece), last, event([], { usage }), "data: [DONE]\n\n"];
}

function sse(data, name) {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

function claudeEvents(count) {
  const event = (type, more) => sse({ type, ...more }, type);
  const piece = event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "word " } });
  return [
    event("message_start", { message: { ...JSON.parse(claude), content: [], stop_reason: null } }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...Array(count).fill(piece),
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 12 } }),
    event("message_stop", {}),
  ];
}

function geminiEvents(count) {
  const piece = (text, more) =>
    sse({ candidates: [{ content: { role: "model", parts: [{ text }] }, ...more }], modelVersion: "stub-1" });
  return [...Array(count).fill(piece("word ")), piece("", { finishReason: "STOP" })];
}

function ollamaLines(count) {
  const line = (content, more) =>
    `${JSON.stringify({ model: "stub-1", message: { role: "assistant", content }, ...more })}\n`;
  return [
    ...Array(count).fill(line("word ", { done: false })),
    line("", { done: true, done_reason: "stop", eval_count: 12 }),
  ];
}

/** See https://smithy.io/2.0/aws/amazon-eventstream.html */
function frame(name, payload) {
  const named = { ":message-type": "event", ":event-type": name, ":content-type": "application/json" };
  const headers = Buffer.concat(
    Object.entries(named).map(([key, value]) =>
      Buffer.concat([
        Buffer.of(key.length),
        Buffer.from(key),
        Buffer.of(7, 0, value.length),
        Buffer.from(value),
      ]),
    ),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.concat([uint32(16 + headers.length + body.length), uint32(headers.length)]);
  const checked = Buffer.concat([prelude, uint32(crc32(prelude)), headers, body]);
  return Buffer.concat([checked, uint32(crc32(checked))]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
