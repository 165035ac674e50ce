// One answer to a coding agent: what a command prints, from a line on and no more than so much of it.
import { Readable, Writable } from "node:stream";
import type { StoreReader } from "../../tracing/readable.ts";
import { Context } from "../context.ts";
import { sayingOf } from "../failures.ts";
import { Output } from "../output.ts";
import type { OpenOptions } from "../store.ts";
import type { ExitCode, World } from "../world.ts";

/** Opens the store that is served. */
export type OpenServed = (context: Context, options: OpenOptions) => Promise<StoreReader>;

/** What a command printed. */
export interface Answer {
  readonly text: string;
  readonly isError: boolean;
}

/** How an answer is made. */
export interface AnswerOptions {
  readonly world: World;
  readonly open: OpenServed;
  /** Ends the work. */
  readonly signal: AbortSignal;
  /** So many lines were answered before. */
  readonly from: number;
  readonly run: (context: Context) => Promise<ExitCode>;
}

/** Characters of an answer: some 4,000 tokens. */
const MAX_ANSWER = 16_000;
/** Characters of one line of it. */
const MAX_LINE = 2_000;
const MAX_TALK = 4_000;
const COLUMNS = "120";
/** No answer takes longer. */
const TIMEOUT_MS = 30_000;

/** Runs a command for its words. Never rejects. */
export async function answer({ world, open, signal, from, run }: AnswerOptions): Promise<Answer> {
  const lines = new Lines(from);
  const talk = new Talk();
  const within = AbortSignal.any([world.signal, signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const own: World = {
    argv: [],
    env: { ...world.env, COLUMNS, NO_COLOR: "1" },
    cwd: world.cwd,
    stdin: Readable.from([]),
    stdout: lines,
    stderr: talk,
    signal: within,
  };
  const context = new ServedContext(own, new Output(own), open);
  try {
    await unlessStopped(run(context), within);
    await context.output.flush();
    return { text: [lines.text, talk.text].filter((text) => text !== "").join("\n"), isError: false };
  } catch (error) {
    return { text: within.aborted ? stopped() : (sayingOf(error) ?? "It failed."), isError: true };
  } finally {
    await context.close().catch(() => undefined);
  }
}

function stopped(): string {
  return `It took longer than ${TIMEOUT_MS / 1000} s: ask for less, with "since", "where" or the id of one trace.`;
}

function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Opens no store but the one that is served. */
class ServedContext extends Context {
  readonly #open: OpenServed;

  constructor(world: World, output: Output, open: OpenServed) {
    super(world, output);
    this.#open = open;
  }

  override open(_name: string | undefined, options: OpenOptions = {}): Promise<StoreReader> {
    return this.#open(this, options);
  }
}

/** The lines from one on, until there are enough. */
class Lines extends Writable {
  readonly #from: number;
  #seen = 0;
  #size = 0;
  #rest = "";
  readonly #kept: string[] = [];
  #left = 0;

  constructor(from: number) {
    super({ decodeStrings: false });
    this.#from = from;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const lines = (this.#rest + chunk.toString()).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
    done();
  }

  #take(line: string): void {
    if (this.#seen++ < this.#from) return;
    const cut = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
    if (this.#left > 0 || this.#size + cut.length + 1 > MAX_ANSWER) {
      this.#left++;
      return;
    }
    this.#size += cut.length + 1;
    this.#kept.push(cut);
  }

  /** With what to ask for next. */
  get text(): string {
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
    const more =
      this.#left === 0
        ? []
        : [`${this.#left} lines more: the same with "cursor": "${this.#from + this.#kept.length}"`];
    return [...this.#kept, ...more].join("\n");
  }
}

/** What the command says beside its output. */
class Talk extends Writable {
  text = "";

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    if (this.text.length < MAX_TALK) this.text += chunk.toString().slice(0, MAX_TALK);
    done();
  }
}
