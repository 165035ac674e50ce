// What went wrong with a request, as the server tells it, with its code and mend.
import type { ProblemJson } from "../../src/viewer/api.ts";

/** A request that failed: what the server said, or that there was no answer at all. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** All that the server said; undefined where nobody answered. */
  readonly details: ProblemJson | undefined;

  constructor(message: string, details?: ProblemJson) {
    super(message);
    this.details = details;
  }
}
