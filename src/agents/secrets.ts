// What must not be on a span: keys and headers among a request's settings, and the signatures of URLs.
import { readProperty, setOwn } from "../model/own-property.ts";
import { isPlain } from "../model/plain.ts";
import { isSecretName } from "../model/secret-names.ts";

/** Settings of a request without what gives access: of an MCP server's tool, for one, its headers and its token. */
export function withoutKeys(value: unknown): unknown {
  if (!mayHave(value, namesSecret)) return value;
  return mapped(value, (text, key) => (isSecretName(key) ? REDACTED : withoutSignature(text)), 0);
}

/** Messages in which a URL that is signed has lost what it was asked with. */
export function withoutSignatures(value: unknown): unknown {
  return mayHave(value, undefined) ? mapped(value, withoutSignature, 0) : value;
}

type IsSecret = (name: string) => boolean;

/** A look that costs a third of the walk that takes something out, which nearly nothing needs. */
function mayHave(value: unknown, isSecret: IsSecret | undefined): boolean {
  try {
    return looked(value, isSecret, 0);
  } catch {
    // A getter that throws: the walk gives a marker.
    return true;
  }
}

function looked(value: unknown, isSecret: IsSecret | undefined, level: number): boolean {
  if (typeof value === "string") return value.charCodeAt(0) === SMALL_H && value.startsWith("http");
  if (typeof value !== "object" || value === null || level > MAX_LEVELS) return false;
  if (Array.isArray(value)) {
    for (const one of value) if (looked(one, isSecret, level + 1)) return true;
    return false;
  }
  if (!isPlain(value)) return value instanceof URL;
  // What is inherited is looked at in vain, and a list of the names takes longer to make.
  for (const name in value) {
    if (isSecret?.(name) === true || looked(value[name], isSecret, level + 1)) return true;
  }
  return false;
}

const SMALL_H = 104;

/** Requests have the same few names over and over. */
function namesSecret(name: string): boolean {
  const known = secretNames.get(name);
  if (known !== undefined) return known;
  const isSecret = HEADERS.test(name) || isSecretName(name);
  if (secretNames.size < MAX_NAMES && name.length < MAX_NAME) secretNames.set(name, isSecret);
  return isSecret;
}

const secretNames = new Map<string, boolean>();
const MAX_NAMES = 1000;
const MAX_NAME = 100;

/** A text without these secrets, where a service repeats them. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((one) => one.length >= MIN_SECRET)
    .reduce((left, one) => left.replaceAll(one, REDACTED), text);
}

function withoutSignature(text: string): string {
  if (!text.startsWith("http")) return text;
  const at = SIGNED.test(text) ? text.indexOf("?") : -1;
  return at < 0 ? text : `${text.slice(0, at)}?${REDACTED}`;
}

type MapText = (text: string, key: string) => string;

/** The value itself where nothing in it changes: nothing is made for what is harmless, as nearly all is. */
function mapped(value: unknown, map: MapText, level: number, key: string = ""): unknown {
  if (typeof value === "string") return map(value, key);
  if (typeof value !== "object" || value === null || level > MAX_LEVELS) return value;
  if (value instanceof URL) return map(value.href, key);
  if (Array.isArray(value)) return mappedList(value, map, level + 1, key);
  return isPlain(value) ? mappedFields(value, map, level + 1, HEADERS.test(key)) : value;
}

function mappedList(list: readonly unknown[], map: MapText, level: number, key: string): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const to = mapped(list[i], map, level, key);
    if (Object.is(to, list[i])) continue;
    changed ??= [...list];
    changed[i] = to;
  }
  return changed ?? list;
}

function mappedFields(
  fields: Record<string, unknown>,
  map: MapText,
  level: number,
  areHeaders: boolean,
): object {
  let changed: Record<string, unknown> | undefined;
  for (const name of Object.keys(fields)) {
    const given = readProperty(fields, name);
    const to = mapped(given, map, level, areHeaders ? "secret" : name);
    if (Object.is(to, given)) continue;
    changed ??= { ...fields };
    setOwn(changed, name, to);
  }
  return changed ?? fields;
}

const REDACTED = "[redacted]";
const MAX_LEVELS = 100;
const MIN_SECRET = 6;
const HEADERS = /^headers$/i;
const SIGNED =
  /^https?:\/\/[^?]*\?(?:[^#]*&)?(?:x-amz-|x-goog-|sig=|signature=|token=|key=|access_token=|sv=)/i;
