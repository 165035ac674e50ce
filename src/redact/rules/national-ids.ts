// Numbers by which states know people: those that have a checksum. What is digits alone, and has a weak one, counts where a word says so.
import { byPattern, type Rule } from "../rule.ts";
import { HAS } from "../survey.ts";
import { hasLuhn, isOneDigit, modulo97 } from "./payment.ts";

/** How one country writes them. */
interface Kind {
  /** Without what stands before and behind. */
  readonly form: RegExp;
  /** The checksum, of the piece without blanks, dots and dashes, in capitals. */
  readonly holds: (id: string) => boolean;
  /** Words before it; where given, a piece without them does not count. */
  readonly after?: RegExp;
}

const KINDS: readonly Kind[] = [
  // Brazil, CPF: two digits, modulo 11.
  { form: /^\d{3}\.\d{3}\.\d{3}-\d{2}$/, holds: isCpf },
  { form: /^\d{11}$/, holds: isCpf, after: /\bcpf\b\D{0,8}$/i },
  // China, resident identity number: GB 11643, ISO 7064 MOD 11-2.
  { form: /^\d{17}[\dX]$/, holds: isResidentId },
  // Finland, henkilötunnus: modulo 31.
  { form: /^\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]$/, holds: isHetu },
  // France, NIR: 97 less the number modulo 97.
  { form: /^[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}$/, holds: isNir },
  // Germany, steuerliche Identifikationsnummer: ISO 7064 MOD 11,10.
  {
    form: /^\d{2} ?\d{3} ?\d{3} ?\d{3}$/,
    holds: isSteuerId,
    after: /(?:steuer|identifikation|idnr|tax)\D{0,20}$/i,
  },
  // India, Aadhaar: Verhoeff.
  { form: /^[2-9]\d{3}[ -]\d{4}[ -]\d{4}$/, holds: hasVerhoeff },
  { form: /^[2-9]\d{11}$/, holds: hasVerhoeff, after: /aadha{1,2}r\D{0,12}$/i },
  // Italy, codice fiscale.
  { form: /^[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]$/, holds: isCodiceFiscale },
  // Netherlands, burgerservicenummer: the proof of eleven.
  { form: /^\d{4}[. ]?\d{2}[. ]?\d{3}$/, holds: isBsn, after: /(?:bsn|burgerservice|sofi)\D{0,16}$/i },
  // Poland, PESEL: a date and a digit.
  { form: /^\d{11}$/, holds: isPesel, after: /pesel\D{0,8}$/i },
  // Spain, DNI and NIE: a letter, modulo 23.
  { form: /^(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]$/, holds: isDni },
  // Sweden, personnummer: a date and Luhn.
  { form: /^(?:19|20)?\d{6}[-+]\d{4}$/, holds: isPersonnummer },
  // United Kingdom, NHS number: modulo 11.
  { form: /^\d{3} \d{3} \d{4}$/, holds: isNhs, after: /(?:nhs|patient|health)\D{0,16}$/i },
  // United States, social security number: no checksum, but numbers that are never given out.
  { form: /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$/, holds: () => true },
];

/** National ids of a few countries. */
export const nationalId: Rule = byPattern({
  label: "NATIONAL_ID",
  hints: HAS.number | HAS.token,
  pattern: new RegExp(
    `(?<![\\w.,+-])(?:${KINDS.map(({ form }) => form.source.slice(1, -1)).join("|")})(?![\\w-]|[.,]\\d)`,
    "gi",
  ),
  accepts: (piece, before) => KINDS.some((kind) => isOf(kind, piece.toUpperCase(), before)),
  canonical: (piece) => piece.replace(/[ .+-]/g, "").toUpperCase(),
});

function isOf({ form, holds, after }: Kind, piece: string, before: string): boolean {
  return (
    form.test(piece) && (after === undefined || after.test(before)) && holds(piece.replace(/[ .+-]/g, ""))
  );
}

function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0);
}

function isCpf(id: string): boolean {
  if (isOneDigit(id)) return false;
  const digit = (weights: readonly number[]) => ((weighted(id, weights) * 10) % 11) % 10;
  return (
    digit([10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(id[9]) &&
    digit([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(id[10])
  );
}

function isResidentId(id: string): boolean {
  const sum = weighted(id, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return id[17] === "10X98765432"[sum % 11] && isDate(id.slice(6, 14));
}

/** `yyyymmdd` of the last two centuries. */
function isDate(digits: string): boolean {
  const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6, 8)].map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  return year >= 1850 && year <= 2100 && isDay(month, day);
}

function isDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function isHetu(id: string): boolean {
  // The sign of the century may have been taken for a dash.
  const digits = id.slice(0, 6) + id.slice(-4, -1);
  if (!/^\d{9}$/.test(digits)) return false;
  const isBorn = isDay(Number(digits.slice(2, 4)), Number(digits.slice(0, 2)));
  return isBorn && id.at(-1) === "0123456789ABCDEFHJKLMNPRSTUVWXY"[Number(digits) % 31];
}

function isNir(id: string): boolean {
  // Corsica's departments count as 19 and 18.
  const digits = id.replace("2A", "19").replace("2B", "18");
  return digits.length === 15 && 97 - modulo97(digits.slice(0, 13)) === Number(digits.slice(13));
}

function isSteuerId(id: string): boolean {
  let product = 10;
  for (const digit of id.slice(0, 10)) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return id[0] !== "0" && (11 - product) % 10 === Number(id[10]);
}

/** J. Verhoeff, "Error detecting decimal codes", 1969: the dihedral group of order 10. */
function hasVerhoeff(id: string): boolean {
  let check = 0;
  for (let i = 0; i < id.length; i++) {
    const digit = Number(id[id.length - 1 - i]);
    check = dihedral(check, permuted(digit, i % 8));
  }
  return check === 0;
}

function dihedral(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5);
  return b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5;
}

function permuted(digit: number, times: number): number {
  let at = digit;
  for (let i = 0; i < times; i++) at = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][at] ?? 0;
  return at;
}

function isCodiceFiscale(id: string): boolean {
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const value = Number.parseInt(id.charAt(i), 36);
    const place = value < 10 ? value : value - 10;
    sum += i % 2 === 1 ? place : (ODD[place] ?? 0);
  }
  return id[15] === String.fromCharCode(65 + (sum % 26));
}

/** What a character counts in an odd place: decree of 12 March 1974. */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function isBsn(id: string): boolean {
  return !isOneDigit(id) && weighted(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

function isPesel(id: string): boolean {
  const isBorn = isDay(Number(id.slice(2, 4)) % 20, Number(id.slice(4, 6)));
  return isBorn && weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

function isDni(id: string): boolean {
  const number = Number(id.slice(0, -1).replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter))));
  return id.at(-1) === "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23];
}

function isPersonnummer(id: string): boolean {
  const digits = id.slice(-10);
  // From 60 on added to the day: a coordination number.
  return isDay(Number(digits.slice(2, 4)), Number(digits.slice(4, 6)) % 60) && hasLuhn(digits);
}

function isNhs(id: string): boolean {
  const check = 11 - (weighted(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return (check === 11 ? 0 : check) === Number(id[9]);
}
