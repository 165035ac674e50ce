// The page: files that were built into the package. Read once, and served under any path.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { etagOf, isKnown, takesGzip } from "./answers.ts";

interface File {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly packed: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** Its name changes with what is in it. */
  readonly isForever: boolean;
}

/** The files of the page, mounted under a path. */
export class Pages {
  readonly #files: ReadonlyMap<string, File>;

  /** `mount` begins and ends with a slash. */
  constructor(mount: string, folder: string | undefined = builtFolder()) {
    this.#files = folder === undefined ? new Map() : filesIn(folder, mount);
  }

  /** The file at a path below the mount; else the page itself, which reads the path. Undefined for a file that is not there. */
  answer(path: string, request: Request): Response | undefined {
    if (this.#files.size === 0) return notBuilt();
    const file = this.#files.get(path) ?? (isFile(path) ? undefined : this.#files.get(INDEX));
    return file && fileAnswer(file, request);
  }
}

/** Ids of conversations may end like files. */
function isFile(path: string): boolean {
  return path.startsWith("assets/") || (!path.includes("/") && extname(path) !== "");
}

function fileAnswer({ type, body, packed, etag, isForever }: File, request: Request): Response {
  const headers = new Headers({
    etag,
    vary: "accept-encoding, cookie",
    "cache-control": isForever ? "private, max-age=31536000, immutable" : "private, no-cache",
  });
  if (isKnown(request, etag)) return new Response(null, { status: 304, headers });
  headers.set("content-type", type);
  const isPacked = takesGzip(request) && packed.byteLength < body.byteLength;
  if (isPacked) headers.set("content-encoding", "gzip");
  return new Response(isPacked ? packed : body, { headers });
}

function notBuilt(): Response {
  const text = "The page was not built into this package; the API is there all the same, under api/.\n";
  return new Response(text, { status: 501, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** Beside the bundled code, or, from the sources, in what was built of them. */
function builtFolder(): string | undefined {
  const folders = ["../viewer/page/", "../../dist/viewer/page/"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return folders.find((folder) => namesIn(folder).includes(INDEX));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) =>
      name.replaceAll(sep, "/"),
    );
  } catch {
    return [];
  }
}

function filesIn(folder: string, mount: string): ReadonlyMap<string, File> {
  const files = new Map<string, File>();
  for (const name of namesIn(folder)) {
    const type = TYPES.get(extname(name));
    if (type === undefined) continue;
    files.set(name, fileOf(name, type, contentOf(join(folder, name), name, mount)));
  }
  return files;
}

/** What the page asks for is below its base, wherever it is mounted and whatever path it stands for. */
function contentOf(path: string, name: string, mount: string): Uint8Array {
  const content = readFileSync(path);
  if (name !== INDEX) return content;
  return Buffer.from(
    content.toString("utf8").replace(/<head>(?:\s*<base [^>]*>)?/i, `<head><base href="${mount}">`),
  );
}

function fileOf(name: string, type: string, content: Uint8Array): File {
  const body = new Uint8Array(content);
  const packed = new Uint8Array(gzipSync(body, { level: 9 }));
  return { type, body, packed, etag: etagOf(body), isForever: name.startsWith("assets/") };
}

const INDEX = "index.html";
const TYPES: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".ico", "image/x-icon"],
  [".woff2", "font/woff2"],
  [".webmanifest", "application/manifest+json"],
]);
