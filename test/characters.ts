// Any character of Unicode, for texts of properties. The unit "binary" of fast-check draws the same, but makes a table of all of them first: a
// second and 100 MB in each process.
import fc from "fast-check";

const SURROGATES = { from: 0xd800, count: 0x800 } as const;
const LAST = 0x10ffff - SURROGATES.count;

/** One that may stand alone, for `fc.string({ unit: anyCharacter })`. */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(LAST).map(characterOf, indexOf);

function characterOf(index: number): string {
  return String.fromCodePoint(index < SURROGATES.from ? index : index + SURROGATES.count);
}

function indexOf(character: unknown): number {
  const code = typeof character === "string" ? (character.codePointAt(0) ?? 0) : 0;
  if (typeof character !== "string" || String.fromCodePoint(code) !== character)
    throw new Error("no character");
  return code < SURROGATES.from ? code : code - SURROGATES.count;
}
