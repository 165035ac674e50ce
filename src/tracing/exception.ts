// What was thrown, in words and in plain data: the whole story, each error of it once, and bounded.
import * as types from "node:util/types";
import { NAMES } from "../conventions/names.ts";
import type { Attributes } from "../model/attributes.ts";
import { defined } from "../model/defined.ts";
import { messageOf } from "../model/errors.ts";
import { ownPlainFields, plainValue } from "../model/plain.ts";

/** Errors, causes and inner errors together, that are told. */
const MAX_ERRORS = 10;
/** Characters of a message. */
const MAX_MESSAGE = 16_000;
/** Characters of one error's stack, message included. */
const MAX_STACK = 16_000;

/** The three `exception.*` attributes that OpenTelemetry names, and our own. */
export interface ExceptionText {
  readonly type: string;
  readonly message: string;
  /** With those of causes and inner errors. */
  readonly stacktrace: string | undefined;
  /** Own plain fields, and those of causes (`cause`) and inner errors (`errors`); undefined where there are none. */
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

/** Describes anything that can be thrown, of any realm; never throws itself. */
export function describeException(error: unknown): ExceptionText {
  const details = safely(() => detailsOf(error, new Set()));
  return {
    type: safely(() => typeOf(error)) ?? "Error",
    message: cut(messageOf(error), MAX_MESSAGE),
    stacktrace: safely(() => stacksOf(error)),
    details: details !== undefined && Object.keys(details).length > 0 ? details : undefined,
  };
}

/** The attributes of a span, or of an event, that say so; what there is none of is undefined. */
export function exceptionAttributes({ type, message, stacktrace, details }: ExceptionText): Attributes {
  return {
    [NAMES.exceptionType]: type,
    [NAMES.exceptionMessage]: message,
    [NAMES.exceptionStack]: stacktrace,
    [NAMES.exceptionDetails]: details,
  };
}

/** The error's own name, or its class where the name says no more than "Error". */
function typeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  const name: unknown = Reflect.get(error, "name");
  if (typeof name === "string" && name !== "" && name !== "Error") return name;
  return error.constructor?.name || "Error";
}

/** The error below this one; undefined where there is none. */
export function causeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null ? safely(() => Reflect.get(error, "cause")) : undefined;
}

/** The errors that this one stands for: an AggregateError's, or the two of a SuppressedError. */
export function innerErrorsOf(error: unknown): readonly unknown[] {
  if (typeof error !== "object" || error === null) return [];
  const errors = safely(() => Reflect.get(error, "errors"));
  if (Array.isArray(errors)) return errors;
  return safely(() => ("suppressed" in error ? [Reflect.get(error, "error"), error.suppressed] : [])) ?? [];
}

/** An error of any realm, or what looks like one. */
function isError(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return (
    types.isNativeError(value) || value instanceof Error || typeof Reflect.get(value, "stack") === "string"
  );
}

/** Stacks, each error once: its own, those of its inner errors, those of its causes. */
function stacksOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  const seen = new Set<unknown>();
  const tell = (one: unknown, heading: string): void => {
    if (one === undefined || seen.has(one) || seen.size >= MAX_ERRORS) return;
    seen.add(one);
    const stack = safely(() => stackOf(one)) ?? (heading === "" ? "" : wordsOf(one));
    if (stack !== "") stacks.push(heading + cut(stack, MAX_STACK));
    const inner = innerErrorsOf(one);
    for (const [i, each] of inner.slice(0, MAX_ERRORS).entries()) {
      tell(each, `Inner error ${i + 1} of ${inner.length}: `);
    }
    tell(causeOf(one), "Caused by: ");
  };
  tell(error, "");
  return stacks.length === 0 ? undefined : stacks.join("\n");
}

function stackOf(error: unknown): string | undefined {
  if (!isError(error)) return undefined;
  const stack: unknown = Reflect.get(error, "stack");
  return typeof stack === "string" && stack !== "" ? stack : undefined;
}

/** What stands for an error without a stack. */
function wordsOf(thrown: unknown): string {
  return isError(thrown) ? `${typeOf(thrown)}: ${messageOf(thrown)}` : messageOf(thrown);
}

function detailsOf(error: unknown, seen: Set<unknown>): Record<string, unknown> {
  if (typeof error !== "object" || error === null || types.isProxy(error)) return {};
  seen.add(error);
  const inner = innerErrorsOf(error).slice(0, MAX_ERRORS);
  const cause = briefly(causeOf(error), seen);
  const errors = inner.flatMap((each) => briefly(each, seen) ?? []);
  return {
    ...ownPlainFields(error, isError(error) ? TOLD_ELSEWHERE : NOTHING),
    ...defined({ cause, errors: errors.length === 0 ? undefined : errors }),
  };
}

/** A cause or an inner error. */
function briefly(error: unknown, seen: Set<unknown>): unknown {
  if (error === undefined || error === null || seen.has(error) || seen.size >= MAX_ERRORS) return undefined;
  if (!isError(error)) return plainValue(error);
  const name = safely(() => typeOf(error)) ?? "Error";
  return { name, message: cut(messageOf(error), MAX_INNER_MESSAGE), ...detailsOf(error, seen) };
}

/** Without its middle where it is too long: a message stands at a stack's beginning, the frames at its end. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor(length / 2);
  return `${text.slice(0, half)} … [${text.length - 2 * half} characters left out] … ${text.slice(-half)}`;
}

/** What `look` gives; undefined where it throws. */
export function safely<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const MAX_INNER_MESSAGE = 1000;
const NOTHING: ReadonlySet<string> = new Set();
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);
