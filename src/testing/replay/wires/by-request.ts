// Which API a request is of, and what it asks: read as the adapters read it, so that it compares with what they recorded.

import { anthropic as anthropicDialect } from "../../../agents/dialects/anthropic.ts";
import type { Asked, Dialect } from "../../../agents/dialects/dialect.ts";
import { gemini as geminiDialect } from "../../../agents/dialects/gemini.ts";
import { ollama as ollamaDialect } from "../../../agents/dialects/ollama.ts";
import { openAiChat as chatDialect } from "../../../agents/dialects/openai-chat.ts";
import { embeddings as embeddingsDialect } from "../../../agents/dialects/openai-embeddings.ts";
import { openAiResponses as responsesDialect } from "../../../agents/dialects/openai-responses.ts";
import { parsed } from "../../../agents/dialects/values.ts";
import { dialectAt } from "../../../agents/fetch/routes.ts";
import { anthropic } from "./anthropic.ts";
import { embeddings } from "./embeddings.ts";
import { gemini } from "./gemini.ts";
import { ollama } from "./ollama.ts";
import { openAiChat } from "./openai-chat.ts";
import { openAiResponses } from "./openai-responses.ts";
import type { Wire, WireAsk } from "./wire.ts";

/** A request that is a call of a model. */
export interface ModelRequest {
  readonly wire: Wire;
  readonly dialect: Dialect;
  readonly asked: Asked;
  readonly ask: WireAsk;
}

const WIRES: ReadonlyMap<Dialect, Wire> = new Map([
  [chatDialect, openAiChat],
  [responsesDialect, openAiResponses],
  [anthropicDialect, anthropic],
  [geminiDialect, gemini],
  [ollamaDialect, ollama],
  [embeddingsDialect, embeddings],
]);

/** Undefined where it is none. */
export function modelRequestIn(url: string, json: string): ModelRequest | undefined {
  const dialect = dialectAt(url);
  const wire = dialect && WIRES.get(dialect);
  const body = parsed(json);
  if (dialect === undefined || wire === undefined || typeof body !== "object" || body === null)
    return undefined;
  const asked = dialect.asked(body, new URL(url, "http://localhost").pathname);
  return asked && { wire, dialect, asked, ask: { body, url } };
}
