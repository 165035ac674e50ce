// What is reported where a span cannot take what it was given.
import { TracelightError } from "../model/errors.ts";
import type { SpanFields } from "../model/span-fields.ts";

type Named = Pick<SpanFields, "spanName" | "state">;

/** The span no longer runs. */
export function tooLate(method: string, { spanName, state }: Named): TracelightError {
  const what = `${method} on the span "${spanName}" came after`;
  return state === "interrupted"
    ? new TracelightError(
        "TRACER_CLOSED",
        `${what} its tracer was closed, which had handed it over as interrupted.`,
      )
    : new TracelightError("SPAN_ENDED", `${what} its end and was left out.`);
}

/** A stream was taken for one that was left. */
export function readOn({ spanName }: Named): TracelightError {
  const what = `The stream that the span "${spanName}" follows was read on after nobody had read for so long that its span ended`;
  const mend = "what has come since is not recorded; give an idleMs that covers the pauses of its reader";
  return new TracelightError("SPAN_ENDED", `${what}: ${mend}.`);
}

/** What was given is not usable. */
export function leftOut(method: string, { spanName }: Named, why: string): TracelightError {
  const message = `${method} on the span "${spanName}" left out what it was given: ${why}.`;
  return new TracelightError("INVALID_ARGUMENT", message);
}
