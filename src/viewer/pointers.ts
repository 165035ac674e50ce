// Where in a span a value lies: JSON pointers (RFC 6901) below /record and /reading.
import type { MediaPart } from "../conventions/messages.ts";
import { type Reading, readSpan } from "../conventions/reading.ts";
import { encodeRecord } from "../model/record.ts";
import { encodeValue } from "../model/values.ts";
import type { Span } from "../tracing/span.ts";

/** The value at a path, as JSON; undefined where there is none. */
export function valueAt(span: Span, path: string): unknown {
  const [root, field, ...rest] = partsOf(path);
  if (root === "record") return inner(encodeRecord(span), [...(field === undefined ? [] : [field]), ...rest]);
  if (root !== "reading" || field === undefined) return undefined;
  const value = fieldOf(readSpan(span), field);
  return value === undefined ? undefined : inner(encodeValue(value), rest);
}

/** The image or file at a path; undefined where there is none. */
export function partAt(span: Span, path: string): MediaPart | undefined {
  const [root, field, message, parts, part, ...rest] = partsOf(path);
  if (root !== "reading" || parts !== "parts" || rest.length > 0) return undefined;
  const reading = readSpan(span);
  const messages = field === "input_messages" ? reading.inputMessages : reading.outputMessages;
  const found = messages[Number(message)]?.parts[Number(part)];
  return found?.type === "image" || found?.type === "file" ? found : undefined;
}

function partsOf(path: string): string[] {
  const [first, ...parts] = path.split("/");
  if (first !== "") return [];
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** By the names of `ReadingJson`. */
function fieldOf(reading: Reading, field: string): unknown {
  switch (field) {
    case "error_details":
      return reading.errorDetails;
    case "system_prompt":
      return reading.systemPrompt;
    case "input_messages":
      return reading.inputMessages;
    case "output_messages":
      return reading.outputMessages;
    case "input":
      return reading.input;
    case "output":
      return reading.output;
    case "tool":
      return { arguments: reading.tool?.arguments, result: reading.tool?.result };
    case "tools":
      return reading.tools;
    case "evaluations":
      return reading.evaluations;
    default:
      return undefined;
  }
}

function inner(json: unknown, path: readonly string[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
