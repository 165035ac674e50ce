// What was thrown, in words: its type, its message, its stack with the stacks of its causes.
import { messageOf } from "../model/errors.ts";

const MAX_CAUSES = 5;

/** The three `exception.*` attributes that OpenTelemetry names. */
export interface ExceptionText {
  readonly type: string;
  readonly message: string;
  readonly stacktrace: string | undefined;
}

/** Describes anything that can be thrown; never throws itself. */
export function describeException(error: unknown): ExceptionText {
  try {
    return { type: typeOf(error), message: messageOf(error), stacktrace: stackOf(error) };
  } catch {
    return { type: "Error", message: messageOf(error), stacktrace: undefined };
  }
}

/** True for work that was called off: an AbortError, the platform's or Node's. */
export function isAbort(error: unknown): boolean {
  try {
    if (typeof error !== "object" || error === null) return false;
    return Reflect.get(error, "name") === "AbortError" || Reflect.get(error, "code") === "ABORT_ERR";
  } catch {
    return false;
  }
}

/** The error's own name, or its class where the name says no more than "Error". */
function typeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  const name: unknown = Reflect.get(error, "name");
  if (typeof name === "string" && name !== "" && name !== "Error") return name;
  return error.constructor?.name || "Error";
}

function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let at = error; at instanceof Error && stacks.length <= MAX_CAUSES; at = at.cause) {
    if (typeof at.stack === "string") stacks.push(at.stack);
  }
  return stacks.length === 0 ? undefined : stacks.join("\nCaused by: ");
}
