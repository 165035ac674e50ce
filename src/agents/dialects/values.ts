// Parts of bodies and answers: read without trust, and put together from their pieces.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import { setOwn } from "../../model/own-property.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Fields } from "./dialect.ts";

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fields(value: unknown): Fields | undefined {
  return isFields(value) ? value : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** An object without some of its properties; undefined where nothing is left. */
export function without(body: object, ...names: readonly string[]): object | undefined {
  let rest: Fields | undefined;
  for (const key of Object.keys(body)) {
    const value = names.includes(key) ? undefined : fieldIn(body, key);
    if (value === undefined) continue;
    rest ??= {};
    setOwn(rest, key, value);
  }
  return rest;
}

/** Those of an object's properties that are there; undefined where none is. */
export function only(body: object, ...names: readonly string[]): object | undefined {
  let some: Fields | undefined;
  for (const name of names) {
    const value = fieldIn(body, name);
    if (value === undefined || value === null) continue;
    some ??= {};
    some[name] = value;
  }
  return some;
}

/** What JSON says; undefined where it is none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** What a tool is given, of JSON that came in pieces: of one that was left half-way the text. */
export function inputOf(json: string): unknown {
  return parsed(json) ?? json;
}

/** True for what a piece of an answer can say something with. */
export function isSaying(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)
  );
}

/** Adds a piece of an object to what there is: texts that grow are joined, lists go by their items' `index`. */
export function grow(target: Fields, piece: object): Fields {
  for (const [key, value] of Object.entries(piece)) {
    // As a name it would be the prototype.
    if (key === "__proto__" || value === undefined) continue;
    const before = target[key];
    if (value === null) target[key] = before ?? null;
    else if (Array.isArray(value)) target[key] = grownList(before, value);
    else if (isFields(value)) target[key] = grow(isFields(before) ? before : {}, value);
    else if (typeof value === "string" && GROWING.has(key)) target[key] = grownText(before, value);
    else target[key] = value;
  }
  return target;
}

const GROWING: ReadonlySet<string> = new Set([
  ...["content", "reasoning_content", "reasoning", "refusal", "arguments", "data", "transcript", "text"],
  ...["thinking", "input", "response"],
]);

function grownText(before: unknown, value: string): unknown {
  if (Array.isArray(before))
    return value === "" ? before : grownList(before, [{ type: "text", text: value }]);
  return typeof before === "string" ? before + value : value;
}

function grownList(before: unknown, items: readonly unknown[]): unknown[] {
  const grown: unknown[] = Array.isArray(before)
    ? before
    : typeof before === "string" && before !== ""
      ? [{ type: "text", text: before }]
      : [];
  for (const item of items) {
    const known =
      fieldIn(item, "index") === undefined
        ? joined(grown.at(-1), item)
        : grown.findLast((one) => isOne(one, item));
    if (isFields(known) && isFields(item)) grow(known, item);
    else grown.push(isFields(item) ? grow({}, item) : item);
  }
  return grown;
}

/** A text that follows a text is a further piece of it. */
function joined(last: unknown, item: unknown): unknown {
  const type = fieldIn(item, "type");
  return JOINED.has(type) && fieldIn(last, "type") === type ? last : undefined;
}

/** By its index, unless it has an id of its own. */
function isOne(known: unknown, item: unknown): boolean {
  const [id, knownId] = [wordsIn(fieldIn(item, "id")), wordsIn(fieldIn(known, "id"))];
  const isOther = id !== undefined && knownId !== undefined && id !== knownId;
  return fieldIn(item, "index") === fieldIn(known, "index") && !isOther;
}

const JOINED: ReadonlySet<unknown> = new Set(["text", "thinking"]);

/** What a provider says went wrong, as what was thrown would say it. */
export function failureOf(error: unknown): WorkEnd {
  const message = saidIn(error) ?? "The model's service failed.";
  const details = {
    code: fieldIn(error, "code"),
    type: fieldIn(error, "type"),
    status: fieldIn(error, "status"),
  };
  return { how: "failed", error: new ProviderFailure(message, details) };
}

/** What a failure says, in words: an error, or what a provider has in its place. */
export function saidIn(error: unknown): string | undefined {
  return (
    wordsIn(error) ??
    wordsIn(fieldIn(error, "message")) ??
    wordsIn(fieldIn(fieldIn(error, "error"), "message")) ??
    wordsIn(fieldIn(error, "error"))
  );
}

/** What the service of a model said went wrong. It has no stack: none of the app's code is in it. */
export class ProviderFailure extends Error {
  constructor(message: string, details: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = "ProviderFailure";
    Object.defineProperty(this, "stack", { value: `ProviderFailure: ${message}`, enumerable: false });
    for (const [key, value] of Object.entries(details)) {
      if (typeof value === "string" || typeof value === "number") Object.assign(this, { [key]: value });
    }
  }
}
