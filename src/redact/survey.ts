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
    else if (code === DOT && digits > 0 && ++dots === 3) seen |= HAS.dots;
    if (kind & BETWEEN && ++between <= MOST_BETWEEN) continue;
    digits = 0;
    between = 0;
    dots = 0;
  }
  return CREDENTIALS.test(text) ? seen | HAS.credentials : seen;
}

const AT = 64;
const COLON = 58;
const DOT = 46;
const CREDENTIALS =
  /:\/\/|-----begin|bearer |basic |authorization|(?:key|token|secret|ass(?:word|wd|phrase))["']?[ \t]{0,4}[=:]/i;

function classes(): Uint8Array {
  const made = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    if (/\d/.test(character)) made[code] = DIGIT | TOKEN;
    else if (/[A-Za-z_]/.test(character)) made[code] = TOKEN;
    else if (/[-+/.=]/.test(character)) made[code] = TOKEN | BETWEEN;
    else if (/[ ()]/.test(character)) made[code] = BETWEEN;
  }
  return made;
}
