// Where faults of tracing go: to `onError` or, by default, to one process warning per distinct fault.
import { types } from "node:util";
import { messageOf, type TracelightError } from "../model/errors.ts";
import { messageText } from "../model/escape.ts";

/** So many distinct faults are kept for reports; of more, only the latest. */
const MAX_KEPT = 100;

/** The faults of one tracer. */
export class Faults {
  readonly #onError: ((error: TracelightError) => void) | undefined;
  readonly #distinct = new Map<string, TracelightError>();
  #isTelling = false;

  constructor(onError: ((error: TracelightError) => void) | undefined) {
    this.#onError = onError;
  }

  /** The latest distinct faults. */
  get all(): readonly TracelightError[] {
    return [...this.#distinct.values()];
  }

  /** Takes note of a fault and tells the app. Never throws. */
  report(error: TracelightError): void {
    const isNew = this.#note(error);
    if (this.#onError === undefined) {
      if (isNew) warn(error);
      return;
    }
    // An onError that makes the same fault again would be told of it for ever.
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#tell(this.#onError, error, (failure) => {
      if (isNew) warn(error, ` (and onError failed: ${messageOf(failure)})`);
    });
    this.#isTelling = false;
  }

  #tell(onError: (error: TracelightError) => unknown, error: TracelightError, failed: OnFailure): void {
    try {
      const result = onError(error);
      if (types.isPromise(result)) result.catch(failed);
    } catch (failure) {
      failed(failure);
    }
  }

  #note(error: TracelightError): boolean {
    // Numbers and ids do not make a fault another one, or there would be one warning a span.
    const key = `${error.code} ${error.message.replace(/[0-9a-f-]{8,}|\d+/gi, "#")}`;
    if (this.#distinct.has(key)) return false;
    if (this.#distinct.size >= MAX_KEPT) this.#distinct.delete(this.#distinct.keys().next().value ?? "");
    this.#distinct.set(key, error);
    return true;
  }
}

type OnFailure = (failure: unknown) => void;

/** One process warning: visible by default, silenced and redirected the way all Node warnings are. */
function warn(error: TracelightError, rest = ""): void {
  process.emitWarning(messageText(`${error.message}${rest}`), {
    type: "TracelightWarning",
    // A sink's errors may have codes of their own.
    code: messageText(String(error.code)),
  });
}

const shared = new Faults(undefined);

/** Reports a fault that no tracer can be told of. */
export function reportUnowned(error: TracelightError): void {
  shared.report(error);
}
