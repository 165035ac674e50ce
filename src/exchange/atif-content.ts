// What was said, as the content of ATIF: text, or texts and images of elsewhere; anything else as JSON text.
import type { MediaPart, MessagePart } from "../conventions/messages.ts";
import { partsOf } from "../conventions/parts.ts";
import { lossyValue } from "../model/values.ts";
import type { AtifContent } from "./atif.ts";

/** What somebody said. */
export function contentOf(said: unknown): AtifContent {
  if (typeof said === "string") return said;
  if (!Array.isArray(said)) return textOf(said);
  const parts = partsOf(said).map(contentPart);
  return parts.every(isText) ? parts.map(({ text }) => text).join("\n") : parts;
}

/** A value of any kind as text. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(lossyValue(value));
}

interface TextContent {
  readonly type: "text";
  readonly text: string;
}

interface ImageContent {
  readonly type: "image";
  readonly source: { readonly media_type: string; readonly path: string };
}

function isText(part: TextContent | ImageContent): part is TextContent {
  return part.type === "text";
}

function contentPart(part: MessagePart): TextContent | ImageContent {
  if (part.type === "text" || part.type === "reasoning") return { type: "text", text: part.text };
  if (part.type === "image" || part.type === "file") return mediaPart(part);
  return { type: "text", text: textOf(part.type === "other" ? part.value : part) };
}

/** A file has no place for what is in it. */
function mediaPart({ type, mediaType, url, name }: MediaPart): TextContent | ImageContent {
  const path = url ?? name;
  if (type === "image" && path !== undefined && mediaType !== undefined && IMAGES.has(mediaType))
    return { type: "image", source: { media_type: mediaType, path } };
  return { type: "text", text: `[${[type, mediaType, path].filter((one) => one !== undefined).join(" ")}]` };
}

/** The types that ATIF knows. */
const IMAGES: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);
