// Where faults of tracing go: to `onError` or, by default, to one process warning per distinct fault.
import { messageOf, type TracelightError } from "../model/errors.ts";

/** So many distinct faults are kept for reports; of more, only the latest. */
const MAX_KEPT = 100;

/** The faults of one tracer. */
export class Faults {
  readonly #onError: ((error: TracelightError) => void) | undefined;
  readonly #distinct = new Map<string, TracelightError>();

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
    try {
      if (this.#onError !== undefined) this.#onError(error);
      else if (isNew) warn(error);
    } catch (failure) {
      if (isNew) warn(error, ` (and onError threw: ${messageOf(failure)})`);
    }
  }

  #note(error: TracelightError): boolean {
    const key = `${error.code} ${error.message}`;
    if (this.#distinct.has(key)) return false;
    if (this.#distinct.size >= MAX_KEPT) this.#distinct.delete(this.#distinct.keys().next().value ?? "");
    this.#distinct.set(key, error);
    return true;
  }
}

/** One process warning: visible by default, silenced and redirected the way all Node warnings are. */
function warn(error: TracelightError, rest = ""): void {
  process.emitWarning(`${error.message}${rest}`, { type: "TracelightWarning", code: error.code });
}

const shared = new Faults(undefined);

/** Reports a fault that no tracer can be told of. */
export function reportUnowned(error: TracelightError): void {
  shared.report(error);
}
