// Reads a trace and lays it out; keeps it, and puts into it what comes since.
import type { ChangedSpanJson, ProblemJson, TraceJson } from "../../src/viewer/api.ts";
import { Problem } from "../app/problem.ts";
import { GrowingTrace } from "./growing.ts";
import { layOut } from "./layout.ts";
import type { TraceModel } from "./model.ts";

/** What the worker is asked; `now` is the moment, in milliseconds since the epoch. */
export type LayoutRequest =
  /** `firstUrl`: of the spans that are to be shown before all have come. */
  | { readonly id: number; readonly url: string; readonly firstUrl?: string; readonly now: number }
  /** What is known of the trace, with these changes. */
  | { readonly id: number; readonly changes: readonly ChangedSpanJson[]; readonly now: number };

type Reading = Extract<LayoutRequest, { readonly url: string }>;

/** All of a trace but its spans. */
export type TraceHead = Pick<TraceJson, "whole" | "summary" | "conversation" | "started_at" | "notes">;

/** What it answers. */
export type LayoutAnswer =
  | {
      readonly id: number;
      readonly head: TraceHead;
      readonly model: TraceModel;
      /** How long the layout took: what the benchmark reads. */
      readonly layoutMs: number;
    }
  | { readonly id: number; readonly problem: { readonly message: string; readonly details?: ProblemJson } };

/** A larger trace is only read anew, and less often. */
const MOST_GROWN = 20_000;

/** Does what it is asked, and sends what came of it. */
export class LayingOut {
  readonly #read: (url: string) => Promise<TraceJson>;
  readonly #send: (answer: LayoutAnswer) => void;
  #known: GrowingTrace | undefined;
  /** The latest moment that was shown: a reading was asked for before what grew meanwhile. */
  #now = 0;
  /** What came while the trace was read: it may be newer than that. */
  #missed: (readonly ChangedSpanJson[])[] | undefined;

  /** `read` rejects with a `Problem` where the server says what is wrong. */
  constructor(read: (url: string) => Promise<TraceJson>, send: (answer: LayoutAnswer) => void) {
    this.#read = read;
    this.#send = send;
  }

  take(request: LayoutRequest): void {
    if ("url" in request) void this.#answer(request);
    else this.#grow(request.id, request.changes, request.now);
  }

  async #answer({ id, url, firstUrl, now }: Reading): Promise<void> {
    this.#missed = [];
    try {
      let trace = await this.#read(firstUrl ?? url);
      if (!trace.whole) {
        this.#sendLaidOut(id, trace, now);
        trace = await this.#read(url);
      }
      this.#known =
        trace.running.length > 0 && trace.spans.parent.length < MOST_GROWN
          ? new GrowingTrace(trace)
          : undefined;
      for (const changes of this.#missed) if (this.#known?.take(changes) === false) this.#known = undefined;
      this.#sendLaidOut(id, this.#known?.trace ?? trace, now);
    } catch (error) {
      const details = error instanceof Problem ? error.details : undefined;
      const message = error instanceof Error ? error.message : String(error);
      this.#send({ id, problem: { message, ...(details && { details }) } });
    } finally {
      this.#missed = undefined;
    }
  }

  #grow(id: number, changes: readonly ChangedSpanJson[], now: number): void {
    this.#missed?.push(changes);
    if (this.#known?.take(changes) === true) this.#sendLaidOut(id, this.#known.trace, now);
    else this.#known = undefined;
  }

  #sendLaidOut(id: number, trace: TraceJson, now: number): void {
    const { whole, summary, conversation, started_at, notes } = trace;
    const began = performance.now();
    this.#now = Math.max(this.#now, now);
    const model = layOut(trace, this.#now);
    const layoutMs = performance.now() - began;
    this.#send({ id, head: { whole, summary, conversation, started_at, notes }, model, layoutMs });
  }
}
