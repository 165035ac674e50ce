// Where faults of tracing go: to `onError` or, by default, to one process warning per distinct fault.
import * as types from "node:util/types";
import { messageOf, TracelightError } from "../model/errors.ts";
import { messageText } from "../model/escape.ts";
import { steadyNow } from "../model/timers.ts";
import type { FaultReporter } from "./sink.ts";

/** So many distinct faults are kept for reports; of more, only the latest. */
const MAX_KEPT = 100;
const RARELY_MS = 60_000;

/** A fault, and when the app was told of it last. */
interface Known {
  readonly error: TracelightError;
  toldAt: number;
}

/** The faults of one tracer. */
export class Faults {
  readonly #onError: ((error: TracelightError) => void) | undefined;
  readonly #text: ((text: string) => string) | undefined;
  #to: FaultReporter | undefined;
  readonly #distinct = new Map<string, Known>();
  #isTelling = false;

  /** `text` changes what is said, such as a redaction. */
  constructor(
    onError: ((error: TracelightError) => void) | undefined,
    text?: ((text: string) => string) | undefined,
  ) {
    this.#onError = onError;
    this.#text = text;
  }

  /** Who is told where there is no `onError`, in place of the process: of a sink its tracer, of a tracer the tee it is in. */
  attach(to: FaultReporter | undefined): void {
    this.#to = to;
  }

  /** The latest distinct faults. */
  get all(): readonly TracelightError[] {
    return [...this.#distinct.values()].map(({ error }) => error);
  }

  /** Who is told. */
  protected get attached(): FaultReporter | undefined {
    return this.#to;
  }

  /** Takes note of a fault and tells the app. Never throws. */
  report(error: TracelightError): void {
    const said = this.#said(error);
    this.#report(said, this.#note(said));
  }

  /** The same for a fault that may come with every span: the app is told of each distinct one once a minute. */
  reportRarely(fault: TracelightError): void {
    const error = this.#said(fault);
    const known = this.#distinct.get(keyOf(error));
    const now = steadyNow();
    if (known !== undefined && now - known.toldAt < RARELY_MS) return;
    if (known !== undefined) known.toldAt = now;
    this.#report(error, this.#note(error));
  }

  #report(error: TracelightError, isNew: boolean): void {
    if (this.#onError === undefined) {
      if (this.#to !== undefined) this.#to.report(error);
      else if (isNew) this.untold(error);
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

  /** What becomes of a new fault that there is nobody to tell of. */
  protected untold(error: TracelightError): void {
    warn(error);
  }

  /** Reports what is no news the second time: not a fault, but a use that gives less than the app may think. */
  notice(error: TracelightError): void {
    if (!this.#distinct.has(keyOf(this.#said(error)))) this.report(error);
  }

  /** Where something is taken out of the message, the cause may say it too. */
  #said(error: TracelightError): TracelightError {
    if (this.#text === undefined) return error;
    try {
      const message = this.#text(error.message);
      return message === error.message ? error : new TracelightError(error.code, message);
    } catch {
      return new TracelightError(error.code, "A fault that could not be redacted.");
    }
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
    const key = keyOf(error);
    if (this.#distinct.has(key)) return false;
    if (this.#distinct.size >= MAX_KEPT) this.#distinct.delete(this.#distinct.keys().next().value ?? "");
    this.#distinct.set(key, { error, toldAt: steadyNow() });
    return true;
  }
}

/** The faults of one sink, which its tracer tells; those of a sink without a tracer are process warnings. */
export class SinkFaults extends Faults {
  constructor() {
    super(undefined);
  }

  /** A sink that is being made has no tracer yet: it is given to one in the same turn, or to none. */
  protected override untold(error: TracelightError): void {
    queueMicrotask(() => this.#told(error));
  }

  #told(error: TracelightError): void {
    if (this.attached === undefined) warn(error);
    else this.attached.report(error);
  }
}

/** Numbers and ids do not make a fault another one, or there would be one warning a span. */
function keyOf({ code, message }: TracelightError): string {
  return `${code} ${message.replace(/[0-9a-f-]{8,}|\d+/gi, "#")}`;
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
