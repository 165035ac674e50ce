// Texts that say what they do not show: with escapes of JSON, of HTML and of URLs, with characters that are not seen, and with digits and
// letters in another form. Rules look at what a reader would make of them, too.
import type { Pace, Steps } from "../model/steps.ts";

/** A text as a reader has it. */
export interface Plain {
  readonly text: string;
  /** Where in the text that it was made of a piece of it begins. */
  start(at: number): number;
  /** Where there a piece of it that ends here ends. */
  end(at: number): number;
}

/** A part that was written in another way: where it stands in the plain text and in the other, and how long it is in each. */
interface Unit {
  readonly at: number;
  readonly length: number;
  readonly from: number;
  readonly until: number;
}

/** The zeros of decimal digits that are not ASCII; the other nine follow each. */
const ZEROS =
  "\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040\u1090\u17e0\u1810\u1946\u19d0\u1a80\u1a90\u1b50\u1bb0\u1c40\u1c50\ua620\ua8d0\ua900\ua9d0\ua9f0\uaa50\uabf0";
const DIGITS = [...ZEROS].map((zero) => `${zero}-${String.fromCharCode(zero.charCodeAt(0) + 9)}`).join("");
/** Blanks, dashes, dots, signs above and below the line, in circles, and of full width, but for what ends sentences. */
const FORMS =
  "\\xa0\\xb2\\xb3\\xb9\\u2000-\\u200a\\u2010-\\u2013\\u2024\\u202f\\u205f\\u2070-\\u209c\\u2212\\u2460-\\u24ff\\u3000\\ufe52\\ufe63\\ufe6b\\uff0b\\uff0d-\\uff19\\uff20-\\uff3a\\uff3f\\uff41-\\uff5a\\uff61";
const CONTROLS = "\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f";
const HIDDEN_ONES =
  "\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb";
/** What may be one of the units below, or begin one; a look that costs little. */
const SIGNS = `[${CONTROLS}${HIDDEN_ONES}${FORMS}${DIGITS}\\ud835\\udb40-\\udb43]|[\\u3002\\uff1a\\uff1d](?=[!-~\\uff10-\\uff5a])`;
const SUSPECT = new RegExp(SIGNS);
const SUSPECTS = new RegExp(`[\\\\%&]|${SIGNS}`, "g");

/** Names of HTML's that stand within what rules look for. */
const ENTITIES: Readonly<Record<string, string>> = {
  ...{
    amp: "&",
    apos: "'",
    bsol: "\\",
    colon: ":",
    comma: ",",
    commat: "@",
    dash: "-",
    equals: "=",
    gt: ">",
  },
  ...{ hyphen: "-", lowbar: "_", lpar: "(", lt: "<", nbsp: " ", NewLine: "\n", num: "#", percnt: "%" },
  ...{ period: ".", plus: "+", quest: "?", quot: '"', rpar: ")", semi: ";", shy: "", sol: "/", Tab: "\t" },
};

/** Backslashes double with each text that is in a text: six of them are enough. */
const ESCAPES = "\\\\{1,63}(?:u[0-9A-Fa-f]{4}|u\\{[0-9A-Fa-f]{1,6}\\}|x[0-9A-Fa-f]{2}|[\"'/nrtbf])";
const PERCENT = "%[0-7][0-9A-Fa-f]|%[C-Fc-f][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){1,3}";
const ENTITY = `&#(?:[xX][0-9A-Fa-f]{1,6}|[0-9]{1,7});?|&(?:${Object.keys(ENTITIES).join("|")});`;
const ODD = `[${CONTROLS}${HIDDEN_ONES}${FORMS}${DIGITS}\\u3002\\uff1a\\uff1d]|\\ud835[\\udc00-\\udfff]|[\\udb40-\\udb43][\\udc00-\\udfff]`;
const UNIT = new RegExp(`${ESCAPES}|${PERCENT}|${ENTITY}|${ODD}`, "y");
/** Nothing of the above is longer. */
const LONGEST = 80;
const TAG = /\udb40[\udc20-\udc7e]/;

/** What may be written in a way that was written in a way, and so on, so often. */
const MOST_TIMES = 4;
/** So much of a text is gone through at once, in characters. */
const PART = 8192;
const UNIT_UNITS = 16;

/** False for a text that shows what it says. */
export function mayBeDisguised(text: string): boolean {
  return text.includes("%") || text.includes("\\") || text.includes("&") || SUSPECT.test(text);
}

/** The steps to what a reader may make of the text: none where that is the text itself; two where it says something by signs for machines alone. */
export function* plainTexts(text: string, pace: Pace): Steps<readonly Plain[]> {
  if (!mayBeDisguised(text)) return [];
  const plain = yield* plainText(text, { pace, areTagsRead: false });
  const others = TAG.test(text) ? [yield* plainText(text, { pace, areTagsRead: true })] : [];
  return [plain, ...others].filter((one) => one !== undefined);
}

function* plainText(text: string, decoding: Decoding): Steps<Plain | undefined> {
  const layers: (readonly Unit[])[] = [];
  let made = text;
  for (let times = 0; times < MOST_TIMES; times++) {
    const units: Unit[] = [];
    made = yield* decoded(made, units, decoding);
    if (units.length === 0) break;
    layers.push(units);
  }
  return layers.length === 0 ? undefined : plainOf(made, layers.reverse());
}

/** The layers from the last to the first. */
function plainOf(text: string, layers: readonly (readonly Unit[])[]): Plain {
  return {
    text,
    start: (at) => layers.reduce((to, units) => beginOf(units, to), at),
    end: (at) => layers.reduce((to, units) => endOf(units, to), at),
  };
}

function beginOf(units: readonly Unit[], at: number): number {
  const unit = lastUpTo(units, at);
  if (unit === undefined) return at;
  const past = at - unit.at - unit.length;
  return past < 0 ? unit.from : unit.until + past;
}

function endOf(units: readonly Unit[], at: number): number {
  const unit = lastUpTo(units, at - 1);
  return unit === undefined ? at : unit.until + Math.max(0, at - unit.at - unit.length);
}

/** The last unit that begins there or before. */
function lastUpTo(units: readonly Unit[], at: number): Unit | undefined {
  let [low, high] = [0, units.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((units[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return units[low - 1];
}

interface Decoding {
  readonly pace: Pace;
  readonly areTagsRead: boolean;
}

/** One layer less; what stood in its place is added to the units. */
function* decoded(text: string, units: Unit[], { pace, areTagsRead }: Decoding): Steps<string> {
  let out = "";
  let copied = 0;
  for (let at = 0; at < text.length; at += PART) {
    const part = text.slice(at, at + PART + LONGEST);
    for (let next = Math.max(at, copied) - at; ; ) {
      const [from, written] = unitFrom(part, next);
      if (from >= PART || written === "") break;
      next = from + written.length;
      const said = saidBy(written, areTagsRead);
      if (said === written) continue;
      out += text.slice(copied, at + from);
      units.push({ at: out.length, length: said.length, from: at + from, until: at + next });
      out += said;
      copied = at + next;
      if (pace.isOver(UNIT_UNITS)) yield;
    }
    if (pace.isOver(PART)) yield;
  }
  return units.length === 0 ? text : out + text.slice(copied);
}

/** The first part that is written in another way, and where it begins; an empty one where there is none. */
function unitFrom(text: string, from: number): readonly [at: number, written: string] {
  SUSPECTS.lastIndex = from;
  for (let found = SUSPECTS.exec(text); found !== null; found = SUSPECTS.exec(text)) {
    UNIT.lastIndex = found.index;
    const written = UNIT.exec(text)?.[0];
    if (written !== undefined) return [found.index, written];
  }
  return [text.length, ""];
}

function saidBy(written: string, areTagsRead: boolean): string {
  switch (written.charAt(0)) {
    case "\\":
      return ofEscape(written.slice(written.lastIndexOf("\\") + 1));
    case "%":
      return ofPercent(written);
    case "&":
      return ofEntity(written.slice(1).replace(";", ""));
    default:
      return ofCharacter(written, areTagsRead);
  }
}

function ofEscape(sign: string): string {
  const kind = sign.charAt(0);
  if (sign.length > 1) return character(Number.parseInt(sign.replace(/[ux{}]/g, ""), 16));
  return SHORT[kind] ?? kind;
}

const SHORT: Readonly<Record<string, string>> = { n: "\n", r: "\n", t: "\t", b: " ", f: " " };

function ofPercent(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

function ofEntity(name: string): string {
  if (!name.startsWith("#")) return ENTITIES[name] ?? "";
  return character(/^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "";
}

function ofCharacter(written: string, areTagsRead: boolean): string {
  const code = written.codePointAt(0) ?? 0;
  if (areTagsRead && TAG.test(written)) return String.fromCharCode(code - 0xe0000);
  if (HIDDEN.test(written)) return "";
  if (DASH.test(written)) return "-";
  if (DOT.test(written)) return ".";
  const zero = [...ZEROS].findLast((one) => one <= written)?.charCodeAt(0);
  return zero === undefined || code - zero > 9 ? written.normalize("NFKC") : String(code - zero);
}

const HIDDEN = new RegExp(`[${CONTROLS}${HIDDEN_ONES}\\udb40-\\udb43]`);
const DASH = /[\u2010-\u2013\u2212]/;
const DOT = /[\u3002\uff0e\uff61]/;
