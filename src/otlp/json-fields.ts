// The fields of OTLP's JSON, each as what it has to be: a text, a number, a time, an enum.
import { isObject } from "../model/record-reader.ts";
import { doubleOf, int64Of, microsOfNanos } from "./json-numbers.ts";

/** A JSON object. */
export type Keyed = Readonly<Record<string, unknown>>;

/** Thrown where a field is not what it has to be: the span is rejected, or the body where it is around the spans. */
export class WrongField extends Error {
  readonly field: string;

  constructor(field: string, why: string) {
    super(why);
    this.field = field;
  }
}

/** An object; nothing where it is not there. */
export function optional(json: unknown, field: string): Keyed {
  return json === undefined || json === null ? NOTHING : keyed(json, field);
}

/** An object. `field` is empty for the item of a list. */
export function keyed(json: unknown, field = ""): Keyed {
  return isObject(json) ? json : wrong(field, `is ${kindOf(json)} and no object`);
}

/** A list; an empty one where it is not there. */
export function listOf(json: unknown, field: string): readonly unknown[] {
  if (Array.isArray(json)) return json;
  return json === undefined || json === null ? NO_ITEMS : wrong(field, `is ${kindOf(json)} and no list`);
}

/** A text; an empty one where it is not there. */
export function textOf(json: unknown, field: string): string {
  if (typeof json === "string") return json;
  return json === undefined || json === null ? "" : wrong(field, `is ${kindOf(json)} and no text`);
}

/** Nanoseconds as microseconds; 0 where they are not there. */
export function timeOf(json: unknown, field: string): number {
  if (json === undefined || json === null) return 0;
  return microsOfNanos(json) ?? wrong(field, `is ${kindOf(json)} and no time in nanoseconds`);
}

/** A count; 0 where it is not there. */
export function countOf(json: unknown, field: string): number {
  if (json === undefined || json === null) return 0;
  const count = typeof json === "number" ? json : int64Of(json);
  if (typeof count === "number" && Number.isInteger(count) && count >= 0 && count <= MAX_UINT32) return count;
  return wrong(field, `is ${kindOf(json)} and no whole number of 32 bits`);
}

/** An enum: its number, as a text too, or its name; 0 where it is not there. */
export function enumOf(json: unknown, field: string, names: readonly string[]): number {
  if (json === undefined || json === null) return 0;
  if (typeof json === "number" && Number.isInteger(json)) return json;
  if (typeof json !== "string") return wrong(field, `is ${kindOf(json)} and no enum`);
  const number = /^-?\d{1,10}$/.test(json) ? Number(json) : names.indexOf(json);
  return number >= 0 || names.length === 0
    ? number
    : wrong(field, `is ${shown(json)} and none of ${names.join(", ")}`);
}

/** An integer of 64 bits. */
export function intOf(json: unknown, field: string): number | bigint {
  return int64Of(json) ?? wrong(field, `is ${kindOf(json)} and no integer`);
}

/** A double. */
export function floatOf(json: unknown, field: string): number {
  return doubleOf(json) ?? wrong(field, `is ${kindOf(json)} and no number`);
}

/** A boolean. */
export function flagOf(json: unknown, field: string): boolean {
  return typeof json === "boolean" ? json : wrong(field, `is ${kindOf(json)} and no boolean`);
}

/** Bytes in base64. */
export function bytesOf(json: unknown, field: string): Uint8Array {
  const text = textOf(json, field);
  if (!BASE64.test(text)) return wrong(field, "is no base64");
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** Refuses a field. */
export function wrong(field: string, why: string): never {
  throw new WrongField(field, why);
}

/** The fields that are none of those that OTLP has, as a text; empty where there are none. */
export function unknownFields(json: Keyed, known: ReadonlySet<string>): string {
  const names = Object.keys(json).filter((name) => !known.has(name));
  const more = names.length > MAX_SHOWN ? ", …" : "";
  return `${names.slice(0, MAX_SHOWN).map(shown).join(", ")}${more}`;
}

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
}

/** What it is instead. */
function kindOf(json: unknown): string {
  if (json === null) return "null";
  if (Array.isArray(json)) return "a list";
  if (typeof json === "object") return "an object";
  return typeof json === "string" ? shown(json) : String(json);
}

const NOTHING: Keyed = Object.freeze({});
const NO_ITEMS: readonly unknown[] = Object.freeze([]);
const MAX_UINT32 = 0xffffffff;
const MAX_SHOWN = 5;
const MAX_LENGTH = 40;
/** Both alphabets, as protobuf's JSON takes them. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
