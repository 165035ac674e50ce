// Search by words: what of a span can be found, what can be asked for, and how hits are shown.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_SEARCH_TEXT,
  matchesSearch,
  parseSearch,
  type SearchText,
  searchTexts,
} from "../../src/conventions/search.ts";
import { type Snippet, snippets } from "../../src/conventions/snippets.ts";
import { capture } from "../../src/model/capture.ts";
import { seenText } from "../../src/model/seen.ts";
import { asciiBetweenWords, spacedWords, WORD_BREAK, wordsOf } from "../../src/model/words.ts";
import { anyMaker, spanFields } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";
import { searches, texts } from "./words.ts";

const MAX_CODE = 0x10ffff;

function messageTexts(...messages: string[]): SearchText[] {
  return messages.map((text) => ({ label: "message", text }));
}

function finds(search: string, ...messages: string[]): boolean {
  return matchesSearch(messageTexts(...messages), parseSearch(search));
}

function textsOf(attributes: Record<string, unknown>): string[] {
  return searchTexts(spanFields({ attributes }))
    .slice(1)
    .map(({ label, text }) => `${label}: ${text}`);
}

/** A snippet as one line, hits in brackets. */
function shown({ parts }: Snippet): string {
  return parts.map(({ text, isHit }) => (isHit ? `[${text}]` : text)).join("");
}

function shownOf(search: string, text: string, options?: { width?: number; count?: number }): string[] {
  return snippets(messageTexts(text), parseSearch(search), options).map(shown);
}

describe("a word", () => {
  it.each([
    ["Hello, World!", "hello world"],
    ["get_weather(city='Zürich')", "get weather city zurich"],
    ["Crème brûlée, cre\u0300me bru\u0302le\u0301e", "creme brulee creme brulee"],
    ["ΟΔΟΣ οδος İstanbul", "οδοσ οδοσ istanbul"],
    ["東京tower", "東 京 tower"],
    ["ガ カ\u3099", "ガ ガ"],
    ["ไทย", "ไ ท ย"],
    ["हिन्दी 한국어", "हिन्दी 한국어"],
    ["soft\u00adhyphen zero\u200dwidth", "softhyphen zerowidth"],
    ["it’s 3½ — ok… 🎉👩‍💻 \ud800", "it s 3½ ok"],
    ["a\0b\x1fc", "a b c"],
    ["", ""],
  ])("of %j is in %j", (text, words) => {
    expect(spacedWords(text).trim()).toBe(words);
    expect(wordsOf(text.normalize("NFC")).map(({ word }) => word)).toEqual(words.split(" ").filter(Boolean));
  });

  it("is the same word when it is read again, whatever its characters", () => {
    for (let from = 0; from <= MAX_CODE; from += 0x1000) {
      const codes = Array.from({ length: 0x1000 }, (_, i) => String.fromCodePoint(from + i));
      const words = spacedWords(codes.join(" "));
      expect(spacedWords(words)).toBe(words);
      expect(words.toLowerCase()).toBe(words);
    }
  });

  it("is told from what stands around it in one way", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const words = wordsOf(text.normalize("NFC")).map(({ word }) => word);
        expect(spacedWords(text).split(" ").filter(Boolean)).toEqual(words);
        expect(asciiBetweenWords(text)).not.toContain(WORD_BREAK);
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("what can be found of a span", () => {
  it("is its name, its tool's, inputs, outputs, messages and errors, by what they are", () => {
    const span = spanFields({
      spanName: "execute_tool weather",
      statusMessage: "no such city",
      attributes: {
        "ai.tool.name": "weather",
        "ai.tool.input": { city: "Oslo", days: 3, hourly: true },
        "ai.tool.output": ["cold", { wind: { text: "strong" } }],
        "ai.tool.error": "unknown",
      },
      events: [
        {
          name: "exception",
          at: new Date(0),
          attributes: { "exception.type": "CityError", "exception.message": "no such city" },
        },
      ],
    });
    expect(searchTexts(span)).toEqual([
      { label: "name", text: "execute_tool weather" },
      { label: "name", text: "weather" },
      { label: "input", text: "Oslo\n3" },
      { label: "output", text: "cold\nstrong" },
      { label: "error", text: "unknown" },
      { label: "error", text: "CityError" },
      { label: "error", text: "no such city" },
    ]);
  });

  it("is each message by itself, without its role", () => {
    const messages = [
      { role: "user", content: [{ type: "text", text: "hello" }, { text: "there" }] },
      { role: "assistant", content: [{ toolUse: { name: "weather", input: { city: "Oslo" } } }] },
    ];
    const found = ["message: hello\nthere", "message: weather\nOslo"];
    expect(textsOf({ "ai.llm.request.messages": messages })).toEqual(found);
    expect(textsOf({ "ai.conversation.history.messages": messages })).toEqual(found);
    expect(textsOf({ "ai.llm.response.output": { message: messages[0] } })).toEqual(["output: hello\nthere"]);
  });

  it("is the words of a turn, but no attribute that all spans of a trace have", () => {
    expect(
      textsOf({
        "ai.user.input": "hi",
        "ai.agent.response": "ho",
        "ai.conversation.id": "c1",
        tenant: "acme",
      }),
    ).toEqual(["input: hi", "output: ho"]);
  });

  it("is neither bytes nor base64 nor an embedding", () => {
    const base64 = Buffer.alloc(600, 7).toString("base64");
    const output = {
      bytes: new Uint8Array(9),
      url: `data:image/png;base64,${base64}`,
      data: base64,
      vector: Array.from({ length: 200 }, (_, i) => i),
      map: new Map([["key", "value"]]),
      set: new Set([12n]),
    };
    expect(textsOf({ "ai.tool.output": output })).toEqual(["output: value\n12"]);
  });

  it("has a bound", () => {
    const attributes = { "ai.tool.output": Array.from({ length: 30 }, () => "word ".repeat(20_000)) };
    const total = searchTexts(spanFields({ attributes })).reduce((sum, { text }) => sum + text.length, 0);
    expect(total).toBeGreaterThan(MAX_SEARCH_TEXT - 100);
    expect(total).toBeLessThanOrEqual(MAX_SEARCH_TEXT);
  });

  it("can be told of anything that a span can hold", () => {
    fc.assert(
      fc.property(anyMaker, (make) => {
        const value = capture(make());
        const attributes = {
          "ai.tool.output": value,
          "ai.llm.request.messages": value,
          "ai.tool.error": value,
        };
        expect(() => searchTexts(spanFields({ attributes }))).not.toThrow();
      }),
    );
  });
});

describe("a search", () => {
  it.each([
    ["rain", true],
    ["RÄIN", true],
    ["rain oslo", true],
    ["oslo rain", true],
    ["rain paris", false],
    ['"in oslo"', true],
    ['"oslo in"', false],
    ['"rain in os"', false],
    ['"rain in os"*', true],
    ["os*", true],
    ["os", false],
    ["get_weather", true],
    ["get_wea*", true],
    ["weather_get", false],
    ["rain -paris", true],
    ["rain -oslo", false],
    ['rain -"in oslo"', false],
    ['rain -"oslo in"', true],
    ["--rain", true],
    ["well-known", false],
    ['"oslo get', false],
    ['"rain in', true],
    ["rain AND oslo", false],
    ['text:rain) OR "', false],
    ["*", undefined],
    ['"" - ?!', undefined],
    ["", undefined],
    ["-rain", undefined],
  ])("for %s in a forecast: %s", (search, expected) => {
    const find = () => finds(search, "Rain in Oslo", "get_weather");
    if (expected === undefined) expect(find).toThrow(expect.objectContaining({ code: "INVALID_QUERY" }));
    else expect(find()).toBe(expected);
  });

  it("finds a part of a text without spaces", () => {
    expect(finds("京都", "東京都は日本の首都です")).toBe(true);
    expect(finds("京日", "東京都は日本の首都です")).toBe(false);
    expect(finds("京日本", "東京", "日本")).toBe(false);
  });

  it("says how to mend it where it cannot be meant", () => {
    expect(() => parseSearch("?!")).toThrow("at least one letter or digit");
    expect(() => parseSearch("-a -b")).toThrow("give a word to look for too");
    expect(() => parseSearch("word ".repeat(65))).toThrow("more than 64 words");
    expect(() => parseSearch("x".repeat(5000))).toThrow("more than 64 words");
  });

  it("of any text finds that text, or says that there is no word in it", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const quoted = `"${text.replaceAll('"', " ")}"`;
        const isWordless = spacedWords(seenText(text)).trim() === "";
        if (isWordless) expect(() => parseSearch(quoted)).toThrow("no word to look for");
        else expect(finds(quoted, seenText(text))).toBe(true);
      }),
    );
  });
});

describe("a snippet", () => {
  it("shows hits in their context, cut between words", () => {
    const text = `${"before ".repeat(20)}the  Quick\n\tbrown fox jumps${" after".repeat(20)}`;
    expect(shownOf("brown", text, { width: 40 })).toEqual(["…the Quick [brown] fox jumps after after…"]);
    expect(shownOf("quick fox", text, { width: 60 })).toEqual([
      "…before before the [Quick] brown [fox] jumps after after after…",
    ]);
  });

  it("shows a short text whole, and no text without a hit", () => {
    expect(shownOf("rain", "rain")).toEqual(["[rain]"]);
    expect(shownOf("rain", "Will it rain?")).toEqual(["Will it [rain]?"]);
    expect(shownOf("rain", "sun")).toEqual([]);
  });

  it("shows phrases, beginnings, and what was written in another way", () => {
    expect(shownOf('"in a row"', "all in a row")).toEqual(["all [in a row]"]);
    expect(shownOf("beg*", "the beginning")).toEqual(["the [beginning]"]);
    expect(shownOf("creme", "une CRÈME, une cre\u0300me")).toEqual(["une [CRÈME], une [crème]"]);
    expect(shownOf("京都", "東京都は")).toEqual(["東[京都]は"]);
  });

  it("comes as often as asked for, with what the text is to its span", () => {
    const found = snippets(
      [
        { label: "name", text: "rain_tool" },
        { label: "output", text: `rain ${"dry ".repeat(50)} rain ${"dry ".repeat(50)} rain` },
      ],
      parseSearch("rain"),
      { width: 20, count: 3 },
    );
    expect(found.map((snippet) => `${snippet.label}: ${shown(snippet)}`)).toEqual([
      "name: [rain]_tool",
      "output: [rain] dry dry dry…",
      "output: …dry [rain] dry dry…",
    ]);
  });

  it("says once what a history says again and again, and does not go through all of it for that", () => {
    let looked = 0;
    const message = {
      label: "message" as const,
      get text() {
        looked++;
        return `rain ${"dry ".repeat(50)}`.repeat(10);
      },
    };
    const found = snippets(Array(5000).fill(message), parseSearch("rain"), { width: 20, count: 3 });
    expect(found.map(shown)).toEqual(["[rain] dry dry dry…", "…dry [rain] dry dry…"]);
    expect(looked).toBeLessThan(100);
  });

  it("shows every hit's own words, in about the width asked for, and no character cut in two", () => {
    fc.assert(
      fc.property(
        fc.array(texts, { maxLength: 4 }),
        searches,
        fc.integer({ min: 10, max: 60 }),
        (all, query, width) => {
          const found = snippets(messageTexts(...all.map((text) => text.toWellFormed())), query, { width });
          const isFound = query.all.some((term) =>
            matchesSearch(messageTexts(...all), { all: [term], none: [] }),
          );
          expect(found.length > 0).toBe(isFound);
          for (const { parts } of found) {
            const line = parts.map(({ text }) => text).join("");
            expect(line.isWellFormed()).toBe(true);
            expect([...line].length).toBeLessThanOrEqual(2 * width + 2);
            expect(parts.some(({ isHit }) => isHit)).toBe(true);
          }
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
