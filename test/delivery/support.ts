// What the delivery tests share: spans that ended, a back end in memory, and folders that go away.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Span, TracelightError, Tracer } from "tracelight";
import { onTestFinished, vi } from "vitest";
import { Delivery } from "../../src/delivery/delivery.ts";
import type { DeliveryOptions } from "../../src/delivery/options.ts";
import type { Blame, Outcome, Transport } from "../../src/delivery/transport.ts";
import { steadyClock as clock } from "../../src/model/timers.ts";
import { Faults } from "../../src/tracing/faults.ts";

/** Spans named `name-0`, `name-1`, … that have ended. */
export function endedSpans(count: number, name = "span", text = ""): Span[] {
  const spans: Span[] = [];
  const tracer = new Tracer({ name: "collect", write: (span) => void spans.push(span) });
  for (let i = 0; i < count; i++) tracer.startSpan(`${name}-${i}`).addAttribute("text", text).end();
  return spans;
}

/** Spans of a conversation, each with all that was said: 50 KB in the end, and more than a megabyte one by one. */
export function historySpans(count: number): Span[] {
  const spans: Span[] = [];
  const tracer = new Tracer({ name: "collect", write: (span) => void spans.push(span) });
  const messages: object[] = [];
  for (let i = 0; i < count; i++) {
    messages.push({ role: "user", content: "x".repeat(800) });
    tracer.startSpan(`turn-${i}`).addAttribute("ai.llm.request.messages", messages).end();
  }
  return spans;
}

type Answer = Outcome["kind"] | "reject";

/** A back end in memory, which answers as it is told. */
export class Server implements Transport<string> {
  readonly name = "server";
  readonly maxBatchSpans = 25;
  readonly received: string[] = [];
  readonly refused: string[] = [];
  readonly batches: string[][] = [];
  /** What becomes of a span. Default: delivered. */
  answer: (name: string) => Answer = () => "delivered";
  /** Called before each answer. */
  before: () => Promise<void> | void = () => undefined;
  afterMs: number | undefined;
  /** What is put off, is for this. */
  blame: Blame = "spans";
  isClosed = false;
  mostAtOnce = 0;
  #atOnce = 0;

  encode(span: Span): string | Promise<string> {
    if (span.spanName.startsWith("bad")) throw new TypeError("no such letter");
    return span.spanName.startsWith("slow") ? Promise.resolve(span.spanName) : span.spanName;
  }

  size(name: string): number {
    return name.length;
  }

  async send(names: readonly string[]): Promise<readonly Outcome[]> {
    this.batches.push([...names]);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    try {
      await this.before();
    } finally {
      this.#atOnce--;
    }
    const kinds = names.map((name) => this.answer(name));
    if (kinds.includes("reject")) throw new Error("connection reset");
    return names.map((name, i) => this.#outcome(name, kinds[i]));
  }

  close(): void {
    this.isClosed = true;
  }

  #outcome(name: string, kind: Answer | undefined): Outcome {
    if (kind === "failed") {
      this.refused.push(name);
      return { kind, error: new TracelightError("SERVER", "refused for good") };
    }
    if (kind === "delivered") {
      this.received.push(name);
      return { kind };
    }
    const error = new TracelightError("SERVER", "too busy");
    const { afterMs, blame } = this;
    return { kind: "retry", error, blame, ...(afterMs === undefined ? {} : { afterMs }) };
  }
}

/** A delivery to `server` that is closed after the test, and the faults it told. */
export function deliveryTo<P>(
  server: Transport<P>,
  options: DeliveryOptions = {},
  destination?: string,
): { delivery: Delivery<P>; told: TracelightError[] } {
  const told: TracelightError[] = [];
  const faults = new Faults((error) => told.push(error));
  const delivery = new Delivery({
    transport: server,
    faults,
    options: { baseRetryDelayMs: 1, maxRetryDelayMs: 5, ...options },
    ...(destination === undefined ? {} : { destination }),
  });
  onTestFinished(async () => void (await delivery.close(0)));
  return { delivery, told };
}

/** A folder that goes away after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-journal-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The segments in the folder. */
export function segmentsIn(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

/** A delivery whose server is down, with some spans in its journal. */
export function downDelivery(folder: string, count: number, options: DeliveryOptions = {}) {
  const server = new Server();
  server.answer = () => "reject";
  const { delivery, told } = deliveryTo(server, { journal: folder, ...options });
  for (const span of endedSpans(count)) delivery.add(span);
  return { delivery, server, told };
}

/** A segment of `count` spans that was let go, so that anybody may claim it. */
export async function leftSegment(folder: string, count: number): Promise<string> {
  await downDelivery(folder, count).delivery.close(0);
  const [path] = segmentsIn(folder);
  if (path === undefined) throw new Error("nothing was left");
  return path;
}

/** Delivers what the folder holds; gives the names, sorted. */
export async function recovered(folder: string): Promise<string[]> {
  const server = new Server();
  const { delivery } = deliveryTo(server, { journal: folder });
  await delivery.close();
  return [...server.received].sort();
}

/** The names of `count` spans, sorted. */
export function namesOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}-${i}`).sort();
}

/** The steady clock, which can be put forward: until the test is over. */
export function steadyClock(): { pass(ms: number): void } {
  const { now } = clock;
  let passedMs = 0;
  const spy = vi.spyOn(clock, "now").mockImplementation(() => now() + passedMs);
  onTestFinished(() => spy.mockRestore());
  return {
    pass: (ms) => {
      passedMs += ms;
    },
  };
}

/** Waits until it holds; the test's own time-out ends what never does. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The counts of a report, without its errors. */
export function counts(report: { written: number; pending: number; dropped: number; failed: number }) {
  const { written, pending, dropped, failed } = report;
  return { written, pending, dropped, failed };
}
