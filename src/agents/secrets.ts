// What must not be on a span: keys and headers among a request's settings, and the signatures of URLs.
import { isPlain } from "../model/plain.ts";
import { isSecretName } from "../model/secret-names.ts";

/** Settings of a request without what gives access: of an MCP server's tool, for one, its headers and its token. */
export function withoutKeys(value: unknown): unknown {
  return mapped(value, (text, key) => (isSecretName(key) ? REDACTED : withoutSignature(text)), 0);
}

/** Messages in which a URL that is signed has lost what it was asked with. */
export function withoutSignatures(value: unknown): unknown {
  return mapped(value, withoutSignature, 0);
}

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

/** The value itself where nothing in it changes. */
function mapped(
  value: unknown,
  map: (text: string, key: string) => string,
  level: number,
  key: string = "",
): unknown {
  if (typeof value === "string") return map(value, key);
  if (typeof value !== "object" || value === null || level > MAX_LEVELS) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => mapped(item, map, level + 1, key));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(([name, one]): [string, unknown] => {
    return [name, mapped(one, map, level + 1, HEADERS.test(key) ? "secret" : name)];
  });
  return entries.some(([name, one]) => one !== value[name]) ? Object.fromEntries(entries) : value;
}

const REDACTED = "[redacted]";
const MAX_LEVELS = 100;
const MIN_SECRET = 6;
const HEADERS = /^headers$/i;
const SIGNED =
  /^https?:\/\/[^?]*\?(?:[^#]*&)?(?:x-amz-|x-goog-|sig=|signature=|token=|key=|access_token=|sv=)/i;
