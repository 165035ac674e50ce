// Counts that may take longer than a request: they go on without it, and whoever asks the same next has what they came to.
import type { TallyReport } from "../conventions/tally.ts";
import { clearTimeout, delay, setTimeout } from "../model/timers.ts";
import { count, counted } from "../render/figures.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Progress, TallyQuery } from "../tracing/store.ts";
import { PROBLEMS, Problem } from "./problems.ts";

/** All counts of one viewer. */
export class Counting {
  readonly #reader: StoreReader;
  readonly #waitMs: number;
  readonly #counts = new Map<string, Count>();

  /** A request waits no longer than this. */
  constructor(reader: StoreReader, waitMs: number) {
    this.#reader = reader;
    this.#waitMs = waitMs;
  }

  /** What the query comes to; `key` is the same for the same request. Rejects with a `Problem` that says how far it is where that takes longer. */
  async tally(key: string, query: TallyQuery): Promise<TallyReport> {
    const one = this.#counts.get(key) ?? this.#begin(key, query);
    one.asked();
    try {
      const report = await Promise.race([one.report, delay(this.#waitMs, undefined, { ref: false })]);
      if (report === undefined) throw stillCounting(one.progress);
      this.#forget(key, one);
      return report;
    } catch (error) {
      if (!(error instanceof Problem)) this.#forget(key, one);
      throw error;
    } finally {
      one.left(() => this.#forget(key, one));
    }
  }

  #begin(key: string, query: TallyQuery): Count {
    // Those that nobody waits for make room; what they kept for the next time is not lost.
    const idle = [...this.#counts].find(([, one]) => !one.isAwaited);
    if (this.#counts.size >= MOST && idle !== undefined) this.#forget(...idle);
    const one = new Count(this.#reader, query);
    this.#counts.set(key, one);
    return one;
  }

  #forget(key: string, one: Count): void {
    one.stop();
    if (this.#counts.get(key) === one) this.#counts.delete(key);
  }
}

/** One count, and who waits for it. */
class Count {
  readonly report: Promise<TallyReport>;
  progress: Progress = { done: 0, left: undefined };
  readonly #stop = new AbortController();
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(reader: StoreReader, query: TallyQuery) {
    const onProgress = (progress: Progress): void => {
      this.progress = progress;
    };
    this.report = reader.tally({ ...query, onProgress, signal: this.#stop.signal });
    // Nobody may be waiting when it fails.
    this.report.catch(() => undefined);
  }

  get isAwaited(): boolean {
    return this.#waiting > 0;
  }

  /** Somebody waits. */
  asked(): void {
    this.#waiting++;
    clearTimeout(this.#timer);
  }

  /** One waits no longer; where nobody comes for some time, it is given up. */
  left(giveUp: () => void): void {
    this.#waiting--;
    if (!this.isAwaited && !this.#stop.signal.aborted) this.#timer = setTimeout(giveUp, FORGOTTEN_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error("nobody waits for the count any more"));
  }
}

function stillCounting({ done, left }: Progress): Problem {
  const of = left === undefined ? null : done + left;
  const progress = of === null ? counted(done, "span") : `${count(done)} of about ${counted(of, "span")}`;
  return new Problem(
    PROBLEMS.counting,
    `The spans are being counted: ${progress} so far. Ask again in a moment.`,
    {
      progress: { done, of },
      headers: { "retry-after": "1" },
    },
  );
}

const MOST = 4;
const FORGOTTEN_MS = 60_000;
