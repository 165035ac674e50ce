// Payment cards and bank accounts, each with its checksum.
import { byPattern, digitsOf, type Found, type Rule } from "../rule.ts";
import { HAS } from "../survey.ts";

/** Numbers of payment cards: ISO/IEC 7812, by the ranges and lengths of the large networks and the Luhn checksum. */
export const card: Rule = byPattern({
  label: "CARD",
  hints: HAS.number,
  // In one piece, in groups of four, or 4-6-5 and 4-6-4.
  pattern:
    /(?<![\w.,+-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-]|[.,]\d)/g,
  accepts: (piece) => isCard(digitsOf(piece)),
  canonical: digitsOf,
});

/** The first digits of a network's numbers, and how many digits these have. */
const NETWORKS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^(?:6011|64[4-9]|65)/, [16, 19]], // Discover
  [/^(?:30[0-5]|3[689])/, [14, 16]], // Diners Club
  [/^35(?:2[89]|[3-8])/, [16, 19]], // JCB
  [/^62/, [16, 17, 18, 19]], // UnionPay
  [/^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, [13, 14, 15, 16, 17, 18, 19]], // Maestro
];

function isCard(digits: string): boolean {
  const isKnown = NETWORKS.some(([start, lengths]) => start.test(digits) && lengths.includes(digits.length));
  return isKnown && !isOneDigit(digits) && hasLuhn(digits);
}

/** Such as 0000000000: it has most checksums, and names nobody. */
export function isOneDigit(digits: string): boolean {
  return digits === digits.charAt(0).repeat(digits.length);
}

/** The checksum of ISO/IEC 7812-1, annex B. */
export function hasLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Numbers of bank accounts: ISO 13616, by the country's length and the checksum modulo 97. */
export const iban: Rule = {
  label: "IBAN",
  hints: HAS.number,
  find(text, found, from, until) {
    IBAN_START.lastIndex = from;
    for (let start = IBAN_START.exec(text); start !== null; start = IBAN_START.exec(text)) {
      if (start.index >= until) break;
      findIban(text, start.index, found);
    }
    return until;
  },
  canonical: (piece) => piece.replace(/[ -]/g, "").toUpperCase(),
};

const IBAN_START = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/g;

function findIban(text: string, start: number, found: Found): void {
  const wanted = IBAN_LENGTHS[text.slice(start, start + 2).toUpperCase()];
  if (wanted === undefined) return;
  let compact = "";
  let at = start;
  while (compact.length < wanted && at < text.length) {
    const character = text.charAt(at);
    const isBreak = character === " " || character === "-";
    if (!isBreak && !/[A-Za-z0-9]/.test(character)) return;
    if (!isBreak) compact += character;
    else if (/[ -]/.test(text.charAt(at + 1))) return;
    at++;
  }
  if (compact.length === wanted && !/[A-Za-z0-9]/.test(text.charAt(at)) && isIban(compact.toUpperCase()))
    found(start, at);
}

function isIban(compact: string): boolean {
  const numeric = (compact.slice(4) + compact.slice(0, 4)).replace(/[A-Z]/g, (letter) =>
    String(letter.charCodeAt(0) - 55),
  );
  return modulo97(numeric) === 1;
}

/** What is left of a number of any length, divided by 97. */
export function modulo97(digits: string): number {
  let rest = 0;
  for (const digit of digits) rest = (rest * 10 + Number(digit)) % 97;
  return rest;
}

/** Of the registry of ISO 13616. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  [
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18",
    "FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20",
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24",
    "SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30",
  ]
    .join(" ")
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);
