// Mail addresses and phone numbers.
import { byPattern, digitsOf, type Found, type Rule } from "../rule.ts";
import { HAS } from "../survey.ts";

/** Mail addresses: RFC 5321's lengths, and of its characters those that are in use. */
export const email: Rule = {
  label: "EMAIL",
  hints: HAS.at,
  find(text, found, from, until) {
    for (let at = text.indexOf("@", from); at >= 0 && at < until; at = text.indexOf("@", at + 1))
      findEmail(text, at, found);
    return until;
  },
  canonical: (piece) => piece.toLowerCase(),
};

const LOCAL_CHARACTER = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]/u;
/** What begins an address only by accident: quotes, and what stands before one in a URL or a query. */
const NOT_FIRST = /^[.'`=&?/|{#!*^]+/;
const MAX_LOCAL = 64;
const IN_URL = /:\/\/[^\s/@]{0,64}$/;
/** Half of a character beyond the first plane too. */
const BEGINS_DOMAIN = /[\p{L}\p{N}\p{Cs}]/u;
const DOMAIN = /[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})){1,8}/uy;

function findEmail(text: string, at: number, found: Found): void {
  if (!BEGINS_DOMAIN.test(text.charAt(at + 1))) return;
  let start = at;
  while (start > 0 && at - start < MAX_LOCAL && LOCAL_CHARACTER.test(text.charAt(start - 1))) start--;
  const local = text.slice(start, at);
  // What follows the last of these in a query or a path is the address.
  start += Math.max(local.lastIndexOf("="), local.lastIndexOf("/"), local.lastIndexOf("&")) + 1;
  start += NOT_FIRST.exec(text.slice(start, at))?.[0].length ?? 0;
  if (start === at || text.charAt(at - 1) === ".") return;
  // Before a URL's host stand credentials.
  if (IN_URL.test(text.slice(Math.max(0, start - MAX_LOCAL), start))) return;
  DOMAIN.lastIndex = at + 1;
  const domain = DOMAIN.exec(text)?.[0];
  if (domain === undefined || !endsLikeDomain(domain)) return;
  const end = at + 1 + domain.length;
  // `git@github.com:owner/name` is where a repository is.
  const isRepository = text.slice(start, at) === "git" && /[:/]/.test(text.charAt(end));
  if (!isRepository) found(start, end);
}

/** `logo@2x.png` and `left-pad@1.2.3` are no addresses. */
function endsLikeDomain(domain: string): boolean {
  const top = domain.slice(domain.lastIndexOf(".") + 1).toLowerCase();
  return /^(?:\p{L}{2,63}|xn--[a-z0-9-]{2,59})$/u.test(top) && !FILE_ENDINGS.has(top);
}

const FILE_ENDINGS = new Set(
  "avif bmp css csv gif gz html ico jpeg jpg js json jsx lock log map md mjs mp3 mp4 ogg pdf png py scss svg tgz ts tsx txt wav webp woff woff2 xml yaml yml zip".split(
    " ",
  ),
);

/**
 * Phone numbers: with a country's code (E.164), as North America writes them, with the 0 that is dialled first at home, or
 * whatever follows a word that says so.
 */
export const phone: Rule = byPattern({
  label: "PHONE",
  hints: HAS.number,
  pattern:
    /(?<![\w.,:/=#$€£+-])(?:\+|00)?\(?\d{1,5}\)?(?:[ .\u00a0/-]{1,2}\(?\d{1,8}\)?){1,7}(?![\w-]|[.,:]\d)|(?<![\w.,/=#$€£+-])(?:\+|00)?\d{7,15}(?![\w-]|[.,:]\d)/g,
  accepts: isPhone,
  canonical: (piece) => digitsOf(piece).replace(/^00/, ""),
});

const SAYS_PHONE =
  /(?:phone|mobile|cell|tel|telefon|téléphone|telefono|telefoon|handy|fax|whatsapp|sms|call|dial|ring)(?: (?:number|no|nr|is|me|us|at|on)){0,3}[ .:#=\])"']{0,4}$/i;
const SAYS_OTHER =
  /(?:order|invoice|ticket|ref|reference|tracking|account|serial|isbn|issn|ean|sku|id|version|commit|case|customer|parcel|part|batch|build)(?: (?:number|no|nr|id)){0,1}[ .:#=\])"'-]{0,4}$/i;
const COUNTRY =
  /^(?:1|7|2[07]|2[1-69]\d|3[0-469]|3[578]\d|4[013-9]|42\d|5[1-8]|5[09]\d|6[0-6]|6[789]\d|8[1246]|8[0578]\d|9[0-58]|9[679]\d)/;
const NORTH_AMERICA = /^(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}$/;
/** Dialled at home: 020 7946 0958, 06 12 34 56 78, 0171/1234567. */
const AT_HOME = /^\(?0[1-9]\d{0,4}\)?[ ./-]/;
const DATE = /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?!\d)/;
const THOUSANDS = /^\d{1,3}(?:[ .]\d{3}){1,4}$/;

function isPhone(piece: string, before: string): boolean {
  const digits = digitsOf(piece);
  if (digits.length < 7 || digits.length > 15 || SAYS_OTHER.test(before)) return false;
  if (piece.startsWith("+")) return COUNTRY.test(digits);
  if (DATE.test(piece)) return false;
  if (SAYS_PHONE.test(before)) return true;
  if (THOUSANDS.test(piece) || !/\D/.test(piece)) return false;
  if (piece.startsWith("00")) return digits.length >= 11 && COUNTRY.test(digits.slice(2));
  return NORTH_AMERICA.test(piece) || (AT_HOME.test(piece) && digits.length >= 9 && digits.length <= 11);
}
