// JSON as Python reads and writes it: integers of any size, NaN and Infinity.
import { endOfJsonString } from "./json-strings.ts";

/**
 * Parses JSON as Python writes it: integers that no double holds, NaN and Infinity become the tags of `encodeValue`.
 * @throws SyntaxError
 */
export function parsePythonJson(json: string): unknown {
  return JSON.parse(MAY_HAVE.test(json) ? withTokens(json, tagFor) : json);
}

/**
 * The same, with the values themselves: bigints, NaN and infinities. What only looks like a tag stays as it is.
 * @throws SyntaxError
 */
export function parseExactJson(json: string): unknown {
  if (!MAY_HAVE.test(json)) return JSON.parse(json);
  const mark = unguessable();
  const text = withTokens(json, (token) => (isBeyondDoubles(token) ? `"${mark}${token}"` : undefined));
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? numberOf(value.slice(mark.length)) : value,
  );
}

/** What `parseExactJson` reads back exactly. Throws for cycles, as `JSON.stringify` does. */
export function exactJson(value: object): string {
  const mark = unguessable();
  const json = JSON.stringify(value, (_, one: unknown) =>
    isWrittenAsToken(one) ? `${mark}${String(one)}` : one,
  );
  return json.replace(new RegExp(`"${mark}([^"]*)"`, "g"), "$1");
}

/** Loaded when it is first needed: it takes some milliseconds, which every program's start would pay. */
function unguessable(): string {
  return process.getBuiltinModule("node:crypto").randomUUID();
}

const MAY_HAVE = /\d{16}|NaN|Infinity/;

function isWrittenAsToken(value: unknown): boolean {
  return typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value));
}

function withTokens(json: string, replacement: (token: string) => string | undefined): string {
  const token = new RegExp(PYTHON_TOKEN);
  let text = "";
  let from = 0;
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    const [word] = found;
    if (word === '"') token.lastIndex = endOfJsonString(json, found.index) ?? json.length;
    const other = word === '"' ? undefined : replacement(word);
    if (other === undefined) continue;
    text += json.slice(from, found.index) + other;
    from = token.lastIndex;
  }
  return text + json.slice(from);
}

/** The beginning of a string, which is left alone, and what may be a number. */
const PYTHON_TOKEN = /"|-?(?:\d[\d.eE+-]*|Infinity)|NaN/g;

function tagFor(token: string): string | undefined {
  if (!isBeyondDoubles(token)) return undefined;
  return `{"${isInteger(token) ? "__bigint__" : "__number__"}":"${token}"}`;
}

function isBeyondDoubles(token: string): boolean {
  return isInteger(token) ? !Number.isSafeInteger(Number(token)) : /^(?:NaN|-?Infinity)$/.test(token);
}

function isInteger(token: string): boolean {
  return /^-?\d+$/.test(token);
}

function numberOf(token: string): bigint | number {
  return isInteger(token) ? BigInt(token) : Number(token);
}
