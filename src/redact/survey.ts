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

const DIGIT = 1;
/** What may stand between the digits of one number. */
const BETWEEN = 2;
const TOKEN = 4;
/** Signs at which credentials may begin. */
const BRINGS = 8;

const CLASSES = classes();
/** The fewest digits of a number that a rule looks for. */
const NUMBER_DIGITS = 7;
const TOKEN_LENGTH = 16;
/** Digits further apart are of two numbers. */
const MOST_BETWEEN = 3;

/** Which of `HAS` hold, added up. */
export function survey(text: string): number {
  let seen = 0;
  let digits = 0;
  let between = 0;
  let dots = 0;
  let colons = 0;
  let token = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? (CLASSES[code] ?? 0) : 0;
    if (kind & TOKEN) {
      if (++token === TOKEN_LENGTH) seen |= HAS.token;
    } else token = 0;
    if (kind & DIGIT) {
      between = 0;
      if (++digits === NUMBER_DIGITS) seen |= HAS.number;
      continue;
    }
    if (code === AT) seen |= HAS.at;
    else if (code === COLON && ++colons === 2) seen |= HAS.colons;
    if (kind & BRINGS && (seen & HAS.credentials) === 0 && bringsCredentials(text, i))
      seen |= HAS.credentials;
    if (code === DOT && digits > 0 && ++dots === 3) seen |= HAS.dots;
    if (kind & BETWEEN && ++between <= MOST_BETWEEN) continue;
    digits = 0;
    between = 0;
    dots = 0;
  }
  return seen;
}

/** True where what stands at the sign, or before it, is followed by credentials. */
function bringsCredentials(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === DASH) return text.startsWith("-----BEGIN", at);
  if (code === COLON && text.startsWith("//", at + 1)) return true;
  let end = at;
  if (code === SPACE) return isScheme(text, end);
  while (at - end < MOST_BLANKS && BLANK.includes(text.charAt(end - 1))) end--;
  // The last letters of the words below, in small letters.
  const last = text.charCodeAt(end - 1) | 32;
  return (
    (last === 121 || last === 110 || last === 116 || last === 100 || last === 101) &&
    NAME.test(text.slice(Math.max(0, end - 13), end))
  );
}

/** `Bearer ` and `Basic `. */
function isScheme(text: string, end: number): boolean {
  const last = text.charCodeAt(end - 1) | 32;
  const before = text.charCodeAt(end - 2) | 32;
  const isLike = (last === 114 && before === 101) || (last === 99 && before === 105);
  return isLike && SCHEME.test(text.slice(Math.max(0, end - 6), end));
}

const BLANK = " \t\"'";
const MOST_BLANKS = 6;
const NAME = /(?:key|token|secret|password|passwd|passphrase|authorization)$/i;
const SCHEME = /(?:bearer|basic)$/i;

const AT = 64;
const COLON = 58;
const DOT = 46;
const SPACE = 32;
const DASH = 45;

function classes(): Uint8Array {
  const made = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    if (/\d/.test(character)) made[code] = DIGIT | TOKEN;
    else if (/[A-Za-z_]/.test(character)) made[code] = TOKEN;
    else if (/[-+/.=]/.test(character)) made[code] = TOKEN | BETWEEN;
    else if (/[ ()]/.test(character)) made[code] = BETWEEN;
    if (/[:= -]/.test(character)) made[code] = (made[code] ?? 0) | BRINGS;
  }
  return made;
}
