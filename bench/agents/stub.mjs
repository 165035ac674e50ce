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

const http = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.url.includes("messages")) return void json(response).end(claude);
  const isStreamed = /"stream":\s*true/.test(body);
  if (!isStreamed) return void json(response).end(whole);
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(events(Number(/chunks-(\d+)/.exec(body)?.[1] ?? 1)).join(""));
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

http.listen(0, "127.0.0.1", () =>
  http2.listen(0, "127.0.0.1", () => process.send([http, http2].map((server) => server.address().port))),
);
process.on("disconnect", () => process.exit());

function json(response) {
  return response.writeHead(200, { "content-type": "application/json" });
}

/** An answer of so many pieces, as OpenAI sends them. */
function events(count) {
  const event = (choices, more = {}) =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...more })}\n\n`;
  const piece = event([{ index: 0, delta: { content: "word " }, finish_reason: null }]);
  const last = event([{ index: 0, delta: {}, finish_reason: "stop" }]);
  return [...Array(count).fill(piece), last, event([], { usage }), "data: [DONE]\n\n"];
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
