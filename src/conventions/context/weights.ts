// How many tokens a content has, about: by its length, since each model has a tokenizer of its own.
import { canonicalJson } from "../../model/values.ts";
import type { MessagePart } from "../messages.ts";

/** UTF-8 bytes that make a token, about: English has 4 characters a token, Chinese two thirds of a character. */
const BYTES_A_TOKEN = 4;
/** What an image of common size counts with most providers, whatever its bytes. */
const IMAGE_TOKENS = 1200;
/** A file of another kind: some pages. */
const FILE_TOKENS = 2500;
/** What stands around each message: who says it, where it begins and ends. */
const AROUND = 4;

/** Tokens of a value, about. */
export function weightOfValue(value: unknown): number {
  const text = typeof value === "string" ? value : canonicalJson(value ?? "");
  return Buffer.byteLength(text) / BYTES_A_TOKEN;
}

/** Tokens of a message of these parts, about. */
export function weightOfParts(parts: readonly MessagePart[]): number {
  return parts.reduce((sum, part) => sum + weightOfPart(part), AROUND);
}

function weightOfPart(part: MessagePart): number {
  switch (part.type) {
    case "text":
    case "reasoning":
      return weightOfValue(part.text);
    case "tool-call":
      return weightOfValue(part.name) + weightOfValue(part.arguments);
    case "tool-result":
      return weightOfResult(part.result);
    case "image":
      return IMAGE_TOKENS;
    case "file":
      return FILE_TOKENS;
    case "compaction":
      return weightOfValue(part.text);
    case "other":
      return weightOfValue(part.value);
  }
}

/** A result may have parts of its own, images among them. */
function weightOfResult(result: unknown): number {
  if (!Array.isArray(result)) return weightOfValue(result);
  return result.reduce(
    (sum: number, item: unknown) => sum + (isMedia(item) ? IMAGE_TOKENS : weightOfValue(item)),
    0,
  );
}

function isMedia(item: unknown): boolean {
  if (typeof item !== "object" || item === null) return false;
  return ["image", "image_url", "input_image"].includes(String(Reflect.get(item, "type"))) || "image" in item;
}
