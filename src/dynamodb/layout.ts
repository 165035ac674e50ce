// Key layouts: how a table's index names a conversation, and how the Python toolkit's versions write times and values.
import { createHash } from "node:crypto";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { NAMES } from "../conventions/names.ts";
import type { Attributes } from "../model/attributes.ts";
import { isoDate, isoMicros, parseIsoDate } from "../model/clock.ts";
import { isConversationId } from "../model/conversation.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import { sealed } from "../model/sealed.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { canonicalJson } from "../model/values.ts";
import type { TextReader, ValueForms } from "./values.ts";

/**
 * What the index by conversation holds: the conversation's id alone, as the Python toolkit wrote it from 17 April to November
 * 2025; the id and the subcontext, as it does since then; or the id and the principal of the authentication context, as it
 * did on 15 to 17 April 2025.
 */
export type KeyLayout = "conversation" | "conversation#subcontext" | "conversation#auth";

/** What differs between the layouts. */
export interface Layout {
  /** The index key of a conversation's spans that have these attributes; undefined for what is no conversation's id. */
  readonly indexKey: (conversation: unknown, attributes: Attributes) => string | undefined;
  /** The attribute that a query must give besides the conversation's id for the index to be of use. */
  readonly second?: string;
  /** What stands beside the index key, for queries of the version that wrote it there. */
  readonly authContext?: (attributes: Attributes) => string | undefined;
  readonly time: (micros: number) => string;
  readonly hasStatus: (span: SpanFields) => boolean;
  /** The attribute `identifier` of a span that has none. */
  readonly noIdentifier: AttributeValue;
  readonly forms?: ValueForms;
  readonly readText?: TextReader;
}

/** DynamoDB's limit for the partition key of an index, in bytes. */
const MAX_KEY_BYTES = 2048;
/** DynamoDB's numbers; Python has no form for others, since its DynamoDB library refuses them. */
const MAX_DIGITS = 38;
const MIN_NUMBER = 1e-129;
const MAX_NUMBER = 1e125;

const ALWAYS = (): boolean => true;

/** The layouts by name. */
export const LAYOUTS: Readonly<Record<KeyLayout, Layout>> = {
  conversation: {
    indexKey: (conversation) => keyOf(conversation, jsText),
    authContext: (attributes) => {
      const principal = principalOf(attributes);
      return principal === undefined || principal === null ? undefined : pythonText(principal);
    },
    time: isoMicros,
    hasStatus: ALWAYS,
    noIdentifier: { S: NO_IDENTIFIER },
  },
  "conversation#subcontext": {
    indexKey: (conversation, attributes) =>
      keyOf(conversation, (id) => `${pythonText(id)}#${pythonText(attributes[NAMES.subcontextId] || "_")}`),
    second: NAMES.subcontextId,
    time: (micros) => pythonTime(isoMicros(micros), "Z"),
    hasStatus: ALWAYS,
    noIdentifier: { NULL: true },
    forms: todaysForms,
    readText: readDate,
  },
  "conversation#auth": {
    indexKey: (conversation, attributes) =>
      keyOf(conversation, (id) => `${pythonText(id)}#${pythonText(principalOf(attributes) || "-")}`),
    second: NAMES.authContext,
    time: (micros) => pythonTime(isoMicros(micros), "+00:00"),
    // April's version knows no status. One that says something is kept: the toolkit passes over what it does not know.
    hasStatus: ({ spanStatus }) => spanStatus !== "UNSET",
    noIdentifier: { NULL: true },
    forms: aprilsForms,
  },
};

/** The key where there is a conversation. One that is too long for an index is named by its hash. */
function keyOf(id: unknown, text: (id: unknown) => string): string | undefined {
  if (!isConversationId(id)) return undefined;
  // As the table keeps it: a text that UTF-8 cannot hold is kept as another.
  const key = text(id).toWellFormed();
  if (Buffer.byteLength(key) <= MAX_KEY_BYTES) return key;
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

function jsText(value: unknown): string {
  return typeof value === "object" && value !== null ? canonicalJson(value) : String(value);
}

function pythonText(value: unknown): string {
  return typeof value === "boolean" ? (value ? "True" : "False") : jsText(value);
}

function principalOf(attributes: Attributes): unknown {
  const context = attributes[NAMES.authContext];
  if (typeof context !== "object" || context === null) return context;
  return Object.hasOwn(context, "principal_id") ? Reflect.get(context, "principal_id") : undefined;
}

/** ISO 8601 as Python's `isoformat` writes it: without a fraction where that is zero. */
function pythonTime(iso: string, zone: string): string {
  return `${iso.replace(/(\.000000)?Z$/, "")}${zone}`;
}

/** What today's version writes for what Tracelight has another form for: dates as text, all numbers and sets as such. */
function todaysForms(value: number | bigint | object): AttributeValue | undefined {
  if (typeof value !== "object") return numberForm(value);
  if (value instanceof Date) return { S: pythonTime(isoDate(value), "Z") };
  return value instanceof Set ? setForm([...value]) : undefined;
}

function numberForm(value: number | bigint): AttributeValue | undefined {
  const size = Math.abs(Number(value));
  const fits = value === 0 || value === 0n || (size >= MIN_NUMBER && size < MAX_NUMBER);
  if (!fits || (typeof value === "bigint" && String(value).length > MAX_DIGITS)) return undefined;
  return { N: String(value) };
}

function setForm(items: readonly unknown[]): AttributeValue | undefined {
  if (items.length === 0) return undefined;
  const numbers = items.flatMap((item) => (typeof item === "number" ? (numberForm(item)?.N ?? []) : []));
  if (numbers.length === items.length) return { NS: numbers };
  const bytes = items.filter((item) => item instanceof Uint8Array);
  return bytes.length === items.length ? { BS: bytes } : undefined;
}

/** April's version writes what is not JSON as Python's text of it. */
function aprilsForms(value: number | bigint | object): AttributeValue | undefined {
  if (typeof value !== "object") return numberForm(value);
  if (value instanceof Date) return { S: pythonTime(isoDate(value), "+00:00") };
  if (value instanceof Uint8Array) return { S: bytesRepr(value) };
  if (value instanceof Set && [...value].every(hasRepr)) return { S: setRepr([...value].filter(hasRepr)) };
  return undefined;
}

type Shown = string | number | boolean | null | Uint8Array;

function hasRepr(value: unknown): value is Shown {
  return (
    value === null || ["string", "number", "boolean"].includes(typeof value) || value instanceof Uint8Array
  );
}

function setRepr(items: readonly Shown[]): string {
  return items.length === 0 ? "set()" : `{${items.map(repr).join(", ")}}`;
}

function repr(value: Shown): string {
  if (typeof value === "string") return quoted(value, (character) => character);
  if (value instanceof Uint8Array) return bytesRepr(value);
  return value === null ? "None" : pythonText(value);
}

function bytesRepr(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  return `b${quoted(text, (character) => (character > "~" ? escaped(character) : character))}`;
}

/** A Python literal: in single quotes, unless only those are in the text. */
function quoted(text: string, other: (character: string) => string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replace(/./gsu, (character) => {
    const short = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", [quote]: `\\${quote}` }[character];
    return short ?? (character < " " || character === "\x7f" ? escaped(character) : other(character));
  });
  return `${quote}${inner}${quote}`;
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

const PYTHON_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/;

/** Today's version reads such text as a date. */
function readDate(text: string): unknown {
  if (!text.endsWith("Z") || !PYTHON_DATE.test(text)) return text;
  const date = parseIsoDate(text);
  return date === undefined ? text : sealed(date);
}
