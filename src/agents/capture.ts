// What of the content goes on spans: one option, the same in every adapter.
import { NAMES } from "../conventions/names.ts";
import { asTracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { OWNER, type Span } from "../tracing/span.ts";
import type { GuardOptions } from "../tracing/streams/options.ts";
import { Tracer } from "../tracing/tracer.ts";
import { withoutKeys, withoutSignatures } from "./secrets.ts";

/**
 * What is kept of content: of what people, models and tools said. `"all"`, all of it. `"metadata"`, none: names, times, counts and
 * failures only. A function is given each value and the name of its attribute, such as `ai.tool.input`; what it gives is kept, and
 * undefined leaves the attribute out. What it throws is reported, and the attribute left out.
 */
export type Capture = "all" | "metadata" | ((value: unknown, where: string) => unknown);

/** What all adapters can be told. */
export interface CaptureOptions {
  /** What is kept of content. Default: `"all"`. */
  readonly capture?: Capture | undefined;
}

/** What adapters can be told whose answers come as streams. */
export interface StreamOptions extends CaptureOptions {
  /**
   * A stream that nobody reads on for so many milliseconds is over: some apps and clients leave one without a word. Default: 4000, and where the
   * reader has paused before, ten times as long as its longest pause.
   */
  readonly idleMs?: number | undefined;
}

/** How long a guard of these options waits. */
export function patienceOf({ idleMs }: StreamOptions): Pick<GuardOptions, "idleMs" | "leastIdleMs"> {
  return idleMs === undefined ? { leastIdleMs: LEAST_IDLE_MS } : { idleMs };
}

const LEAST_IDLE_MS = 4000;
/** Of these options, for `checkAdapter`. */
export const STREAM_CHECKS: Readonly<Record<"idleMs", (value: unknown) => string | undefined>> = {
  idleMs: is.count(1),
};

/** Puts content on a span, as far as it is to be kept. Undefined is nothing. */
export type PutContent = (span: Span, where: string, value: unknown) => void;

/** How an adapter with these options puts content on spans: without what gives access, whatever is kept. */
export function putContent({ capture = "all" }: CaptureOptions): PutContent {
  if (capture === "metadata") return () => undefined;
  if (capture === "all") return (span, where, value) => void span.addAttribute(where, harmless(where, value));
  return (span, where, value) => {
    if (value === undefined) return;
    try {
      span.addAttribute(where, capture(harmless(where, value), where));
    } catch (error) {
      span[OWNER]?.notice(asTracelightError(error, "INVALID_ARGUMENT", `capture threw for ${where}`));
    }
  };
}

/** True where spans of this tracer can hold what an adapter keeps of a conversation: all of it, and by this copy of the package. */
export function sharesHistories(tracer: unknown, { capture = "all" }: CaptureOptions): boolean {
  return capture === "all" && tracer instanceof Tracer;
}

function harmless(where: string, value: unknown): unknown {
  return SETTINGS.has(where) ? withoutKeys(value) : withoutSignatures(value);
}

/** Settings of a request may have keys and headers among them, such as those of an MCP server. */
const SETTINGS: ReadonlySet<string> = new Set([NAMES.requestToolConfig, NAMES.requestInferenceConfig]);

/**
 * Checks the tracer and the options of an adapter; `checks` has those beside `capture`.
 *
 * @throws TracelightError `INVALID_OPTION` where one is missing, unknown or not what it should be.
 */
export function checkAdapter(
  owner: string,
  given: { readonly tracer: unknown; readonly options: object },
  checks: Readonly<Record<string, (value: unknown) => string | undefined>> = {},
): void {
  checkOptions(
    { tracer: given.tracer },
    { owner, checks: { tracer: is.having("startSpan", "a tracer of Tracelight") }, required: ["tracer"] },
  );
  checkOptions(given.options, { owner, checks: { capture: isCapture, ...checks } });
}

function isCapture(value: unknown): string | undefined {
  const isKnown = value === "all" || value === "metadata" || typeof value === "function";
  return isKnown ? undefined : '"all", "metadata" or a function';
}
