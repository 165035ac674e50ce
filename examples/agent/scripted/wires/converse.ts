// Amazon Bedrock's Converse, streamed: JSON in, AWS's binary event stream out.
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { Message } from "../../models/model.ts";
import { outputOf, split, type Wire } from "./wire.ts";

export const converse: Wire = {
  path: /\/model\/[^/]+\/converse-stream$/,
  contentType: "application/vnd.amazon.eventstream",
  read: (body, path) => {
    const { system, messages, toolConfig } = REQUEST.parse(body);
    return {
      model: decodeURIComponent(/\/model\/([^/]+)\//.exec(path)?.[1] ?? ""),
      system: system.map(({ text = "" }) => text).join(""),
      tools: toolConfig.tools,
      messages: messages.map(read),
    };
  },
  pieces: ({ text, calls }, { usage }) => {
    const block = (contentBlockIndex: number, deltas: object[], start?: object) => [
      ...(start === undefined ? [] : [frame("contentBlockStart", { contentBlockIndex, start })]),
      ...deltas.map((delta) => frame("contentBlockDelta", { contentBlockIndex, delta })),
      frame("contentBlockStop", { contentBlockIndex }),
    ];
    const first = text === "" ? 0 : 1;
    return [
      frame("messageStart", { role: "assistant" }),
      ...(text === ""
        ? []
        : block(
            0,
            split(text).map((words) => ({ text: words })),
          )),
      ...calls.flatMap(({ id: toolUseId, name, input }, i) =>
        block(
          first + i,
          split(JSON.stringify(input)).map((json) => ({ toolUse: { input: json } })),
          { toolUse: { toolUseId, name } },
        ),
      ),
      frame("messageStop", { stopReason: calls.length > 0 ? "tool_use" : "end_turn" }),
      frame("metadata", {
        usage: {
          ...{ inputTokens: usage.input - usage.read - usage.written, outputTokens: usage.output },
          totalTokens: usage.input + usage.output,
          ...{ cacheReadInputTokens: usage.read, cacheWriteInputTokens: usage.written },
        },
        metrics: { latencyMs: 400 },
      }),
    ];
  },
  error: (message) => ({ message }),
};

const BLOCK = z.object({
  text: z.string().optional(),
  toolUse: z.object({ toolUseId: z.string(), name: z.string(), input: z.unknown() }).optional(),
  toolResult: z
    .object({ toolUseId: z.string(), content: z.array(z.object({ text: z.string() })), status: z.string() })
    .optional(),
});
const MESSAGE = z.object({ role: z.enum(["user", "assistant"]), content: z.array(BLOCK) });
const REQUEST = z.object({
  system: z.array(z.object({ text: z.string().optional() })),
  messages: z.array(MESSAGE),
  toolConfig: z.object({ tools: z.array(z.unknown()) }).default({ tools: [] }),
});

function read({ role, content }: z.output<typeof MESSAGE>): Message {
  const text = content.map((block) => block.text ?? "").join("");
  if (role === "assistant") {
    const calls = content.flatMap(({ toolUse }) =>
      toolUse === undefined ? [] : [{ id: toolUse.toolUseId, name: toolUse.name, input: toolUse.input }],
    );
    return { role, text, calls };
  }
  const results = content.flatMap(({ toolResult }) =>
    toolResult === undefined
      ? []
      : [
          {
            id: toolResult.toolUseId,
            output: outputOf(toolResult.content.map((part) => part.text).join("")),
            isError: toolResult.status === "error",
          },
        ],
  );
  return results.length > 0 ? { role: "tool", results } : { role, text };
}

/** Lengths, headers, payload and check sums: https://smithy.io/2.0/aws/amazon-eventstream.html */
function frame(name: string, payload: object): Uint8Array {
  const headers = Buffer.concat([
    header(":message-type", "event"),
    header(":event-type", name),
    header(":content-type", "application/json"),
  ]);
  const body = Buffer.from(JSON.stringify(payload));
  const lengths = Buffer.concat([uint32(headers.length + body.length + FRAMING), uint32(headers.length)]);
  const checked = Buffer.concat([lengths, uint32(crc32(lengths)), headers, body]);
  return Buffer.concat([checked, uint32(crc32(checked))]);
}

/** Two lengths, two check sums. */
const FRAMING = 16;
const TEXT = 7;

function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(TEXT, 0, text.length), text]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
