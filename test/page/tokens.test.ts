// Markdown in bounded time: a text is read as a lexer reads it, unless that would take long.
import { Lexer, type Token } from "marked";
import { describe, expect, it } from "vitest";
import { tokensOf } from "../../web/value/tokens.ts";

const ORDINARY = [
  "# Trip\n\nThe **train** at `11:54` costs *less*; see [the table](https://example.com/a) or ~~not~~.",
  "- one\n  - two\n    1. three\n- [x] done\n\n> a quote\n> > within",
  "| a | b |\n| --- | ---: |\n| **1** | 2 |\n\n```ts\nconst a = 1;\n```\n\n```\nnever closed",
  Array.from({ length: 200 }, (_, i) => `Line **${i}** with \`code\`.`).join("\n\n"),
];
/** Each takes a lexer seconds, minutes or all of its stack. */
const HOSTILE: readonly (readonly [name: string, text: string])[] = [
  ["emphasis that never ends", "_a".repeat(20_000)],
  ["emphasis of many kinds", "*a_".repeat(13_000)],
  ["a word that could be an address", `${"a".repeat(39_000)}@`],
  ["brackets that never close", "[a](".repeat(10_000)],
  ["ten thousand quotes", `${"> ".repeat(10_000)}x`],
  ["ten thousand lists", `${"- ".repeat(10_000)}x`],
  ["lists that are counted", `${"1. ".repeat(10_000)}x`],
];

describe("a text as Markdown", () => {
  it.each(ORDINARY)("is what the lexer makes of it: %#", (text) => {
    expect([...tokensOf(text)]).toEqual([...new Lexer({ gfm: true }).lex(text)]);
  });

  it.each(HOSTILE)("is as it was written, where reading takes long: %s", (_, text) => {
    expect(leavesOf(tokensOf(text)).map(({ raw }) => raw)).toEqual([text]);
  });

  it("has what is ordinary beside what is not", () => {
    const [first, , last] = tokensOf(`**one**\n\n${"_a".repeat(2000)}\n\n**two**`).filter(
      ({ type }) => type === "paragraph",
    );
    for (const paragraph of [first, last]) expect(leavesOf([paragraph])[0]?.type).toBe("text");
  });

  it("is not read on and on, however many of its lines are a little hostile", () => {
    const tokens = tokensOf(Array.from({ length: 100 }, () => "_a".repeat(100)).join("\n\n"));
    const kinds = tokens.filter(({ type }) => type === "paragraph").map((one) => leavesOf([one])[0]?.type);
    expect(kinds.slice(0, 30)).not.toContain("raw");
    expect(kinds.slice(30).every((kind) => kind === "raw")).toBe(true);
  });
});

/** What is within tokens, and has nothing within itself. */
function leavesOf(tokens: readonly (Token | undefined)[]): Token[] {
  return tokens.flatMap((token) => {
    if (token === undefined) return [];
    const within: unknown = "tokens" in token ? token.tokens : undefined;
    return Array.isArray(within) && within.length > 0 ? leavesOf(within) : [token];
  });
}
