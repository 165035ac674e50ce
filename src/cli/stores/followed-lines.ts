// What is written to files of lines while they are looked at: only what is new is read.
import { Transcripts } from "../../exchange/transcripts/transcripts.ts";
import { TracelightError } from "../../model/errors.ts";
import { newSpanId } from "../../model/ids.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { spanFrom } from "../../tracing/span.ts";
import type { Changes } from "../../tracing/store.ts";
import { GrowingLines } from "./line-batches.ts";
import type { LinesFile } from "./line-files.ts";
import { bytesOf, isLiveFile } from "./source.ts";
import { Census } from "./span-lines.ts";

/** A file, and how far it was read. */
interface Followed {
  readonly identity: string;
  readonly group: string;
  readonly lines: GrowingLines;
  readonly census: Census;
  /** What was there at the first look is no news. */
  readonly known: number;
  read: number;
}

/** A span that changed, and with which look that was seen. */
interface Seen {
  readonly look: number;
  readonly span: SpanFields;
}

/** Follows the files that a list gives. */
export class FollowedLines {
  readonly #list: () => Promise<readonly LinesFile[]>;
  readonly #otlp: boolean;
  #id = newSpanId();
  #look = 0;
  #transcripts = new Transcripts();
  readonly #files = new Map<string, Followed>();
  /** Groups that are written to: what nobody writes to is not read. */
  readonly #active = new Set<string>();
  /** The latest of each span, the oldest first. */
  readonly #seen = new Map<string, Seen>();
  /** What came with looks before this is forgotten. */
  #oldest = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(list: () => Promise<readonly LinesFile[]>, { otlp = false }: { readonly otlp?: boolean }) {
    this.#list = list;
    this.#otlp = otlp;
  }

  /** What changed since the cursor; without one, what runs. Rejects with `INVALID_QUERY` where a file was replaced. */
  look(cursor: string | undefined): Promise<Changes> {
    const look = this.#turn.then(() => this.#lookNow(cursor));
    this.#turn = look.catch(() => undefined);
    return look;
  }

  async #lookNow(cursor: string | undefined): Promise<Changes> {
    const since = cursor === undefined ? undefined : this.#lookOf(cursor);
    const files = await this.#list();
    const isFirst = this.#look++ === 0;
    for (const file of files) this.#meet(file, isFirst);
    for (const file of files) await this.#read(file);
    for (const span of this.#transcripts.changed()) if (!isFirst) this.#see(span);
    const spans =
      since === undefined
        ? [...this.#transcripts.open(true)].filter(({ state }) => state === "running")
        : [...this.#seen.values()].filter(({ look }) => look > since).map(({ span }) => span);
    return { spans: spans.map((span) => spanFrom(span)), cursor: `${this.#id}.${this.#look}` };
  }

  #lookOf(cursor: string): number {
    const [id, text] = cursor.split(".");
    const look = Number(text);
    if (id === this.#id && look <= this.#look && look >= this.#oldest) return look;
    throw noCursor();
  }

  #meet(file: LinesFile, isFirst: boolean): void {
    const { path, identity, group, size } = file;
    const met = this.#files.get(path);
    if (met !== undefined && (met.identity !== identity || size < Math.max(met.read, met.known))) {
      this.#forget();
      throw noCursor();
    }
    if (isFirst ? isLiveFile(file) : met === undefined || size > met.known) this.#active.add(group);
    if (met !== undefined) return;
    const census = new Census({ otlp: this.#otlp, transcripts: this.#transcripts, file: path });
    const known = isFirst ? size : 0;
    this.#files.set(path, { identity, group, census, known, lines: new GrowingLines(), read: 0 });
  }

  async #read(file: LinesFile): Promise<void> {
    const followed = this.#files.get(file.path);
    if (followed === undefined || !this.#active.has(followed.group)) return;
    if (followed.read < followed.known) await this.#readTo(file, followed, followed.known);
    // Only what was there is told as known.
    if (this.#look === 1) return;
    if (followed.read < file.size) await this.#readTo(file, followed, file.size);
  }

  async #readTo(file: LinesFile, followed: Followed, end: number): Promise<void> {
    const isKnown = end === followed.known;
    for await (const chunk of bytesOf(file, followed.read, end)) {
      for (const line of await followed.lines.take(chunk))
        for (const span of followed.census.spansOf(line)) if (!isKnown) this.#see(span);
      followed.read += chunk.length;
    }
  }

  #see(span: SpanFields): void {
    const key = span.traceId + span.spanId;
    this.#seen.delete(key);
    this.#seen.set(key, { look: this.#look, span });
    if (this.#seen.size <= MAX_SEEN) return;
    for (const [oldest, { look }] of this.#seen) {
      this.#seen.delete(oldest);
      this.#oldest = look;
      return;
    }
  }

  #forget(): void {
    this.#id = newSpanId();
    this.#look = 0;
    this.#oldest = 0;
    this.#transcripts = new Transcripts();
    this.#files.clear();
    this.#active.clear();
    this.#seen.clear();
  }
}

function noCursor(): TracelightError {
  return new TracelightError(
    "INVALID_QUERY",
    "The cursor is none of a look at changes; leave it out for the first.",
  );
}

const MAX_SEEN = 5000;
