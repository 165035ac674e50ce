// Embeddings on the wire, OpenAI's and Ollama's. Traces have no vectors: where a recording has none either, they are made of the text.
import { createHash } from "node:crypto";
import type { Fields } from "../../../agents/dialects/dialect.ts";
import { fieldIn } from "../../../conventions/values.ts";
import { canonicalJson } from "../../../model/values.ts";
import { openAiError } from "./openai-chat.ts";
import { type Said, usageOf, type Wire, type WireAsk } from "./wire.ts";

export const embeddings: Wire = {
  name: "embeddings",
  streamType: "text/event-stream",
  isStreamed: () => false,
  whole: (said, ask) => (/\/api\/embed\b/i.test(ask.url) ? ollamaEmbeddings(said, ask) : listOf(said, ask)),
  pieces: () => ({ begun: [], ended: [] }),
  error: openAiError,
  errorPiece: () => "",
};

function listOf(said: Said, { body }: WireAsk): Fields {
  const isBase64 = fieldIn(body, "encoding_format") === "base64";
  const data = vectorsOf(said, body).map((vector, index) => ({
    ...{ object: "embedding", index },
    embedding: isBase64 ? packed(vector) : vector,
  }));
  const usage = usageOf(said, "embeddings", ({ input = 0 }) => ({
    prompt_tokens: input,
    total_tokens: input,
  }));
  return { object: "list", data, model: said.model, usage: usage ?? said.usage };
}

function ollamaEmbeddings(said: Said, { body }: WireAsk): Fields {
  const embeddings = vectorsOf(said, body);
  return { model: said.model, embeddings, ...said.usage };
}

/** A vector for each text that is asked for. */
export function vectorsOf(said: Said, body: object): readonly (readonly number[])[] {
  const texts = textsIn(fieldIn(body, "input") ?? fieldIn(body, "prompt"));
  const recorded = recordedVectors(said.reading.output);
  const size = fieldIn(body, "dimensions");
  return texts.map(
    (text, i) => recorded[i] ?? vectorOf(text, typeof size === "number" ? size : DEFAULT_SIZE),
  );
}

/** The size of most of OpenAI's. */
const DEFAULT_SIZE = 1536;

/** One text, or one list of tokens, is one; else each of the list. */
export function textsIn(input: unknown): readonly string[] {
  const isOne = !Array.isArray(input) || typeof input[0] === "number";
  return (isOne ? [input] : input).map((one: unknown) =>
    typeof one === "string" ? one : canonicalJson(one ?? ""),
  );
}

/** As cassettes have them: the bytes of 32-bit floats in base64 each. */
export function packed(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString("base64");
}

function recordedVectors(output: unknown): readonly (readonly number[] | undefined)[] {
  return Array.isArray(output) ? output.map(unpacked) : [];
}

function unpacked(vector: unknown): readonly number[] | undefined {
  if (typeof vector === "string") {
    const bytes = Uint8Array.from(Buffer.from(vector, "base64"));
    return bytes.length % 4 === 0 ? [...new Float32Array(bytes.buffer)] : undefined;
  }
  return Array.isArray(vector) && vector.every((one) => typeof one === "number") ? vector : undefined;
}

/** Of length 1, the same for the same text. */
function vectorOf(text: string, size: number): readonly number[] {
  const numbers: number[] = [];
  for (let block = 0; numbers.length < size; block++) {
    const digest = createHash("sha256").update(`${block} ${text}`).digest();
    for (let at = 0; at < digest.length && numbers.length < size; at += 2)
      numbers.push(digest.readInt16LE(at) / 32_768);
  }
  const length = Math.hypot(...numbers) || 1;
  return numbers.map((one) => one / length);
}
