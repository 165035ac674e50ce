// What the tests of searching draw from: texts of many scripts in which something is often found, and searches.
import fc from "fast-check";
import { parseSearch, type SearchQuery } from "../../src/conventions/search.ts";
import { anyCharacter } from "../characters.ts";

const fragment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(..."foo Foo föö fo bar get_weather 12 e\u0301 É ß Σ ς İ".split(" ")),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ..."東 京 東京 カ\u3099 ガ ー น้ำ ไ ကို हिन्दी 한국어 \u1100\u1161 ½ ﷺ ﬁ Ⅻ".split(" "),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom("-", '"', "*", "(", ")", "AND", "NOT", "NEAR", "text:", "^", "+", "{", "'"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("\0", "\x1f", "\ud800", "\u200d", "\u0301", "☃", "🎉", "\u00a0", "’", "—"),
  },
  { weight: 1, arbitrary: fc.string({ unit: anyCharacter, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);

/** Texts of few different words, with anything between them. */
export const texts: fc.Arbitrary<string> = fc
  .array(fc.tuple(fragment, fc.constantFrom("", " ", " ", "\n")), { maxLength: 12 })
  .map((parts) => parts.flat().join(""));

/** What somebody may type, as far as there is a word in it. */
export const searches: fc.Arbitrary<SearchQuery> = fc
  .array(fc.tuple(fragment, fc.constantFrom("", " ", " ", "* ", ' "', '" ', " -")), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parseOrUndefined(parts.flat().join("")))
  .filter((query) => query !== undefined);

function parseOrUndefined(text: string): SearchQuery | undefined {
  try {
    return parseSearch(text);
  } catch {
    return undefined;
  }
}
