// One look at a text that says which rules can find anything in it: most texts end here.

/** What a text has. */
export const HAS = {
  /** The sign of mail addresses. */
  at: 1,
  /** Enough digits, near one another, for a number that names somebody. */
  number: 2,
  /** Four groups of digits or more with dots between. */
  dots: 4,
  /** Two colons or more. */
  colons: 8,
  /** Sixteen characters or more without a break that keys and tokens are made of. */
  token: 16,
  /** `://`, `?x=` and the like, or a word that credentials follow. */
  credentials: 32,
} as const;

/** Seven digits, the fewest of a number that a rule looks for; those that are further apart are of two. */
const NUMBER = /\d(?:[-+/.= ()\u00a0]{0,3}\d){6}/;
const DOTS = /\d\.\d{1,3}\.\d{1,3}\.\d/;

/** Which of `HAS` hold, added up. Searches that are the engine's own take a third of a loop's time. */
export function survey(text: string): number {
  let seen = hasToken(text) ? HAS.token : 0;
  if (text.includes("@")) seen |= HAS.at;
  if (NUMBER.test(text)) seen |= HAS.number;
  if (DOTS.test(text)) seen |= HAS.dots;
  const colon = text.indexOf(":");
  if (colon >= 0 && text.includes(":", colon + 1)) seen |= HAS.colons;
  if (hasCredentials(text, colon)) seen |= HAS.credentials;
  return seen;
}

/** True where so many characters of a key or of Base64 stand in a row. One that is so long stands at one of these places; most texts are looked at there alone, and a little around. */
export function hasToken(text: string): boolean {
  for (let at = TOKEN_LENGTH - 1; at < text.length; at += TOKEN_LENGTH) {
    if (!isOfToken(text, at)) continue;
    let start = at;
    while (start > at - TOKEN_LENGTH + 1 && isOfToken(text, start - 1)) start--;
    let end = at + 1;
    while (end - start < TOKEN_LENGTH && isOfToken(text, end)) end++;
    if (end - start >= TOKEN_LENGTH) return true;
  }
  return false;
}

function isOfToken(text: string, at: number): boolean {
  return OF_TOKEN[text.charCodeAt(at)] === 1;
}

const TOKEN_LENGTH = 16;
const OF_TOKEN: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  /[\w+/.=-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function hasCredentials(text: string, colon: number): boolean {
  if (text.includes("-----BEGIN") || SCHEME.test(text)) return true;
  for (let at = colon; at >= 0; at = text.indexOf(":", at + 1)) if (bringsCredentials(text, at)) return true;
  for (let at = text.indexOf("="); at >= 0; at = text.indexOf("=", at + 1))
    if (bringsCredentials(text, at)) return true;
  return false;
}

/** True where what stands before the sign, or behind it, says that credentials follow. */
function bringsCredentials(text: string, at: number): boolean {
  if (text.startsWith("://", at)) return true;
  let end = at;
  while (at - end < MOST_BLANKS && BLANK.includes(text.charAt(end - 1))) end--;
  // The last letters of the words below, in small letters.
  const last = text.charCodeAt(end - 1) | 32;
  return (
    (last === 121 || last === 110 || last === 116 || last === 100 || last === 101) &&
    NAME.test(text.slice(Math.max(0, end - 13), end))
  );
}

const BLANK = " \t\"'";
const MOST_BLANKS = 6;
const NAME = /(?:key|token|secret|password|passwd|passphrase|authorization)$/i;
const SCHEME = /(?:bearer|basic)[ \t]/i;
