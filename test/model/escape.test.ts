// What is safe to show: what has no ink is shown as an escape, and what people write stays readable.
import fc from "fast-check";
import { TracelightError } from "tracelight";
import { describe, expect, it } from "vitest";
import { escapedCharacters, escapeText, messageText } from "../../src/model/escape.ts";
import { oneLine } from "../../src/render/text.ts";
import { displayWidth } from "../../src/render/width.ts";

const code = (point: number): string => String.fromCodePoint(point);

/** All code points but private and unassigned ones and halves of pairs. */
function* assigned(): Generator<string> {
  for (let point = 0; point <= 0x10_ffff; point++) {
    const character = code(point);
    if (!/[\p{Cn}\p{Co}\p{Cs}]/u.test(character)) yield character;
  }
}

describe("what is blank or invisible", () => {
  it.each([
    ["Hangul fillers", "\u3164 \u115f \u1160 \uffa0", "\\u3164 \\u115f \\u1160 \\uffa0"],
    ["vowels of Khmer that are not written", "\u17b4\u17b5", "\\u17b4\\u17b5"],
    ["the grapheme joiner", "a\u034fb", "a\\u034fb"],
    ["the blank of Braille", "\u2800", "\\u2800"],
    ["marks of music", "\u{1d173}\u{1d159}", "\\u{1d173}\\u{1d159}"],
    ["blanks of hieroglyphs", "\u{13441}\u{13430}", "\\u{13441}\\u{13430}"],
    ["variation selectors after what has no variants", "a\ufe0f\u{e0100}b", "a\\ufe0f\\u{e0100}b"],
    ["tags", "hi\u{e0041}\u{e0001}\u{e007f}", "hi\\u{e0041}\\u{e0001}\\u{e007f}"],
    ["zero width, soft hyphens and byte order marks", "a\u200bb\u00adc\ufeffd", "a\\u200bb\\xadc\\ufeffd"],
    ["controls of direction", "\u202egnp.exe\u2066\u061c\u200f", "\\u202egnp.exe\\u2066\\u061c\\u200f"],
    ["separators of lines", "a\u2028b\u2029c\u0085d\r\ne", "a\\u2028b\\u2029c\\x85d\\r\\ne"],
    ["annotations", "\ufff9\ufffa\ufffb", "\\ufff9\\ufffa\\ufffb"],
    ["joiners between letters that do not join", "get\u200d_\u200cweather", "get\\u200d_\\u200cweather"],
    [
      "a joiner at an end, or two of them",
      "\u0915\u200d|\u0915\u200d\u200d\u0915",
      "\u0915\\u200d|\u0915\\u200d\\u200d\u0915",
    ],
    ["halves of pairs", "\ud800 \udc00", "\\ud800 \\udc00"],
  ])("is an escape: %s", (_what, text, shown) => {
    expect(escapeText(text)).toBe(shown);
    expect(oneLine(text, 200)).toBe(shown);
    expect(displayWidth(shown)).toBe([...shown].length);
  });

  it("is so for every character that Unicode says to ignore, and every control and format character but signs", () => {
    const raw = [...assigned()].filter((character) => {
      const isInvisible = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character);
      return isInvisible && escapeText(`a${character}b`).includes(character);
    });
    // Signs that are seen: they go round a number or a name.
    expect(raw.map((character) => character.codePointAt(0)?.toString(16))).toEqual([
      ...["600", "601", "602", "603", "604", "605", "6dd", "70f", "890", "891", "8e2", "110bd", "110cd"],
    ]);
  });

  it("leaves all letters, marks, numbers, signs and spaces as they are, but for those without ink", () => {
    const changed = [...assigned()].filter(
      (character) =>
        /[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/u.test(character) && escapeText(character) !== character,
    );
    const inkless = changed.filter((character) => !/\p{Default_Ignorable_Code_Point}/u.test(character));
    expect(inkless.map((character) => character.codePointAt(0)?.toString(16))).toEqual([
      ...["2800", "13441", "13442", "16fe4", "1d159"],
    ]);
  });
});

describe("what people write", () => {
  it.each([
    ["emoji of several", "👩‍👩‍👧 👩🏽‍🚀 🏴‍☠️ 🏳️‍🌈 ❤️‍🔥"],
    ["emoji and text of one sign", "❤️ ☺︎ ©️"],
    ["keys of a telephone", "1️⃣ #️⃣"],
    ["Persian", "می‌خواهم"],
    ["Devanagari and Sinhala", "क्‍ष श्री ක්‍ෂ"],
    ["variants of a name's characters", "葛\u{e0100}城"],
    ["a slashed sign", "∩\ufe00"],
    ["Mongolian", "ᠠ\u180bᠠ\u180eᠠ"],
    ["signs of Arabic round numbers", "\u0600123 \u06dd"],
    ["accents, wide characters and their spaces", "e\u0301 日本\u3000語 ｶﾞ 한국어 a\u00a0b"],
    ["private characters, as fonts of symbols have them", "\ue0b0 \u{f0000}"],
  ])("stays readable: %s", (_what, text) => {
    expect(escapeText(text)).toBe(text);
  });

  it("takes the columns that it is shown in: joiners and selectors take none", () => {
    expect(displayWidth("می‌خواهم")).toBe(7);
    expect(displayWidth("ᠠ\u180eᠠ")).toBe(2);
    expect(displayWidth("葛\u{e0100}")).toBe(2);
  });
});

it("character by character it is the same, and escaping again changes nothing", () => {
  const text = fc.string({
    unit: fc.oneof(fc.nat(0x10_ffff).map(code), fc.constantFrom("👩", "\u200d", "\ufe0f", "क")),
  });
  fc.assert(
    fc.property(text, (any) => {
      const shown = escapeText(any);
      expect([...escapedCharacters(any)].join("")).toBe(shown);
      expect(escapeText(shown)).toBe(shown);
    }),
  );
});

describe("the message of an error", () => {
  it("is on one line, escaped, whatever it quotes", () => {
    const { message, stack } = new TracelightError("X", 'The span "\u001b[2J\nforged\u202e\u3164" failed.');
    expect(message).toBe('The span "\\x1b[2J\\nforged\\u202e\\u3164" failed.');
    expect(stack).not.toContain("\u001b");
  });

  it("loses its middle where it is long, in time that does not depend on how long", () => {
    const { message } = new TracelightError(
      "X",
      `The span "${"\u202e".repeat(50_000_000)}" failed; rename it.`,
    );
    expect(message.length).toBeLessThan(15_000);
    expect(message).toMatch(/^The span "\\u202e.* … .*\\u202e" failed; rename it\.$/);
  });

  it("has lines below it only where whoever made it put some", () => {
    const error = new TracelightError("X", "a\nb", { lines: ["  c\nd", "  ^"], cause: 1 });
    expect(error).toMatchObject({ message: "a\\nb\n  c\\nd\n  ^", cause: 1 });
  });

  it("is what a text is that is no message", () => {
    expect(messageText("plain")).toBe("plain");
  });
});
