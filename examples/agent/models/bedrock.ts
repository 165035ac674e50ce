// Amazon Bedrock's Converse, streamed.
import {
  type Message as BedrockMessage,
  BedrockRuntimeClient,
  type Tool as BedrockTool,
  type ContentBlock,
  ConverseStreamCommand,
  type ConverseStreamOutput,
} from "@aws-sdk/client-bedrock-runtime";
import type { Tracer } from "tracelight";
import { traceBedrock } from "tracelight/bedrock";
import {
  type Answer,
  type Connection,
  type Listener,
  type Message,
  type Model,
  type ToolOffer,
  written,
} from "./model.ts";

const MODELS = {
  large: "eu.anthropic.claude-sonnet-5-v1:0",
  small: "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
} as const;

export function bedrock(tracer: Tracer, { client = new BedrockRuntimeClient() }: Connection): Model {
  traceBedrock(client, tracer);
  return async ({ size, system, tools, messages }, { signal, onText }) => {
    const command = new ConverseStreamCommand({
      modelId: MODELS[size],
      system: [{ text: system }, { cachePoint: { type: "default" } }],
      messages: messages.map(sent),
      ...(tools.length === 0 ? {} : { toolConfig: { tools: tools.map(offered) } }),
    });
    const { stream = [] } = await client.send(command, signal && { abortSignal: signal });
    return whole(stream, onText);
  };
}

/** Puts an answer together of its pieces. */
async function whole(
  stream: AsyncIterable<ConverseStreamOutput> | readonly ConverseStreamOutput[],
  onText: Listener["onText"],
): Promise<Answer> {
  let said = "";
  const calls = new Map<number | undefined, { id: string; name: string; json: string }>();
  for await (const { contentBlockStart, contentBlockDelta } of stream) {
    const { toolUseId: id = "", name = "" } = contentBlockStart?.start?.toolUse ?? {};
    if (id !== "") calls.set(contentBlockStart?.contentBlockIndex, { id, name, json: "" });
    const { text = "", toolUse } = contentBlockDelta?.delta ?? {};
    if (text !== "") onText?.(text);
    said += text;
    const call = calls.get(contentBlockDelta?.contentBlockIndex);
    if (call !== undefined) call.json += toolUse?.input ?? "";
  }
  return {
    text: said,
    calls: [...calls.values()].map(({ id, name, json }) => ({ id, name, input: written(json) })),
  };
}

function sent(message: Message): BedrockMessage {
  switch (message.role) {
    case "user":
      return { role: "user", content: [{ text: message.text }] };
    case "assistant":
      return { role: "assistant", content: said(message) };
    case "tool":
      return {
        role: "user",
        content: message.results.map(({ id, output, isError }) => ({
          toolResult: {
            toolUseId: id,
            content: [{ text: JSON.stringify(output) }],
            status: isError ? "error" : "success",
          },
        })),
      };
  }
}

function said({ text, calls }: Answer): ContentBlock[] {
  return [
    ...(text === "" ? [] : [{ text }]),
    ...calls.map(({ id, name, input }) => ({
      toolUse: { toolUseId: id, name, input: JSON.parse(JSON.stringify(input)) },
    })),
  ];
}

function offered({ name, description, parameters }: ToolOffer): BedrockTool {
  return { toolSpec: { name, description, inputSchema: { json: JSON.parse(JSON.stringify(parameters)) } } };
}
