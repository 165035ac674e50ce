// Images in messages: told of by their address, and given as they are where a browser can show them and nothing in them runs.
import type { MediaPart } from "../conventions/messages.ts";
import { defined } from "../model/defined.ts";
import type { MediaJson } from "./api.ts";
import type { Kept } from "./large.ts";

/** An image or a file, without its bytes. */
export function mediaJson(part: MediaPart, path: string, kept?: Kept): MediaJson {
  const { type, mediaType, name, url, fileId } = part;
  const size = sizeOf(part);
  const bytes = imageOf(part);
  return defined({
    type,
    media_type: mediaType,
    name,
    url: url?.startsWith("data:") === true ? undefined : url?.slice(0, MAX_URL),
    file_id: fileId,
    size,
    path:
      bytes === undefined ? undefined : kept === undefined ? path : kept.image(bytes.type, base64Of(bytes)),
  });
}

interface ShownImage {
  readonly type: string;
  readonly base64: string | Uint8Array;
}

function base64Of({ base64 }: ShownImage): string {
  return typeof base64 === "string" ? base64 : Buffer.from(base64).toString("base64");
}

/** An image that can be shown; undefined where it is elsewhere, or of a type in which something may run. */
function imageOf({ data, url, mediaType }: MediaPart): ShownImage | undefined {
  const inUrl = DATA_URL.exec(url?.slice(0, 100) ?? "");
  const type = (mediaType ?? inUrl?.[1] ?? "").toLowerCase();
  const base64 = data ?? (inUrl === null ? undefined : url?.slice(inUrl[0].length));
  return base64 === undefined || !SHOWN.has(type) ? undefined : { type, base64 };
}

function sizeOf({ data, url }: MediaPart): number | undefined {
  if (data instanceof Uint8Array) return data.byteLength;
  const base64 = data ?? (url?.startsWith("data:") ? url.slice(url.indexOf(",") + 1) : undefined);
  return base64 === undefined ? undefined : Math.floor((base64.length * 3) / 4);
}

/** The answer with an image: to be shown, and never to be taken for anything else. */
export function imageAnswer(part: MediaPart): Response | undefined {
  const image = imageOf(part);
  if (image === undefined) return undefined;
  const { type, base64 } = image;
  const bytes = typeof base64 === "string" ? Buffer.from(base64, "base64") : base64;
  return new Response(new Uint8Array(bytes), {
    headers: { "content-type": type, "cache-control": "private, max-age=3600" },
  });
}

const DATA_URL = /^data:([a-z]+\/[\w.+-]+);base64,/i;
/** No SVG: scripts may be in it. */
const SHOWN: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/jpg",
  "image/gif",
  "image/webp",
]);
const MAX_URL = 2000;
