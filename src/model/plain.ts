// What an object says of itself in plain data: bounded, of any realm, and without what must stay secret.
import * as types from "node:util/types";

const MAX_FIELDS = 30;
const MAX_ITEMS = 20;
const MAX_LEVELS = 5;
const MAX_VALUES = 200;
const MAX_TEXT = 1000;
const REDACTED = "[redacted]";

type Fields = Record<string, unknown>;

/** True for objects made by `{}`, JSON.parse or Object.create(null), in whichever realm (`vm`, Jest). */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * The own fields of an object that are plain data: texts, numbers, dates, lists and objects of such. Of headers only those
 * that name a request or say when to try again; of requests and responses, which hold everything, nothing. What is named
 * like a secret is redacted. Bounded in fields, levels and text; never throws.
 */
export function ownPlainFields(value: object, leftOut: ReadonlySet<string>): Fields {
  const left = { values: MAX_VALUES };
  return fieldsOf(value, 0, left, leftOut);
}

/** Any value in that form; undefined where nothing of it is plain. */
export function plainValue(value: unknown): unknown {
  return plain(value, 0, { values: MAX_VALUES });
}

/** An object in that form as short JSON text; undefined where nothing of it is plain. */
export function plainText(value: object): string | undefined {
  const plain = plainValue(value) ?? ownPlainFields(value, NOTHING);
  const text = JSON.stringify(plain, (_, inner: unknown) => (typeof inner === "bigint" ? `${inner}` : inner));
  return text === "{}" && !isPlain(value) ? undefined : text;
}

interface Left {
  values: number;
}

const NOTHING: ReadonlySet<string> = new Set();

function fieldsOf(value: object, level: number, left: Left, leftOut: ReadonlySet<string>): Fields {
  const fields: [string, unknown][] = [];
  for (const key of keysOf(value)) {
    if (fields.length >= MAX_FIELDS || left.values <= 0) break;
    if (leftOut.has(key)) continue;
    const field = fieldOf(value, key, level, left);
    if (field !== undefined) fields.push([key.slice(0, MAX_TEXT), field]);
  }
  return Object.fromEntries(fields);
}

function keysOf(value: object): readonly string[] {
  try {
    return Object.keys(value);
  } catch {
    return [];
  }
}

function fieldOf(source: object, key: string, level: number, left: Left): unknown {
  try {
    const value: unknown = Reflect.get(source, key);
    if (HEADERS.test(key)) return harmlessHeaders(value);
    if (typeof value === "object" && value !== null && EVERYTHING.test(key)) return undefined;
    if (SECRET.test(key)) return typeof value === "string" ? REDACTED : numberOnly(value);
    return plain(value, level + 1, left);
  } catch {
    return undefined;
  }
}

/** Counts of tokens are named like tokens. */
function numberOnly(value: unknown): unknown {
  return typeof value === "number" || typeof value === "boolean" || value === null ? value : undefined;
}

function plain(value: unknown, level: number, left: Left): unknown {
  if (left.values-- <= 0) return undefined;
  if (typeof value === "string") return textOf(value);
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" || typeof value === "symbol" ? undefined : value;
  }
  if (types.isProxy(value) || level >= MAX_LEVELS) return undefined;
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ITEMS).map((item: unknown) => plain(item, level + 1, left) ?? null);
  }
  if (types.isDate(value)) return value;
  if (isPlain(value)) return fieldsOf(value, level, left, NOTHING);
  return types.isNativeError(value) ? errorFields(value, level, left) : undefined;
}

function errorFields(error: Error, level: number, left: Left): Fields {
  return {
    name: textOf(String(error.name)),
    message: textOf(String(error.message)),
    ...fieldsOf(error, level, left, NOTHING),
  };
}

/** Of a plain object, or of what has `get` as `Headers` does. */
function harmlessHeaders(headers: unknown): Fields | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const get: unknown = Reflect.get(headers, "get");
  const found = HARMLESS_HEADERS.flatMap((name) => {
    const value: unknown =
      typeof get === "function" ? Reflect.apply(get, headers, [name]) : Reflect.get(headers, name);
    return typeof value === "string" ? [[name, textOf(value)] as const] : [];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** Cut, and without keys in URLs and the like. */
function textOf(text: string): string {
  const cut = text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`;
  return cut.replace(SECRET_IN_TEXT, (_, before: string) => `${before}${REDACTED}`);
}

const HEADERS = /headers$/i;
/** Names of the parts of an HTTP client that errors of some carry along: its settings, and all that was sent and came. */
const EVERYTHING =
  /^_?(req|res|request|response|config|options|socket|agent|client|connection|\$response)$|^request(body|options|init|config|param)/i;
const SECRET =
  /authorization|cookie|passw|secret|credential|signature|token|bearer|jwt|^auth$|(private|api|access)[-_]?key/i;
const SECRET_IN_TEXT =
  /((?:bearer|basic)\s+|[?&][^=&\s]*(?:key|token|secret|signature|password|sig)=|\/\/[^/\s:@]+:)[^\s&"'@]+/gi;
const HARMLESS_HEADERS = [
  ...["x-request-id", "request-id", "x-amzn-requestid", "x-amz-request-id", "apim-request-id", "cf-ray"],
  ...["retry-after", "retry-after-ms", "x-should-retry"],
];
