// The tokens of a text as Markdown, in bounded time: what would take a lexer long to read is a text as it is.
import { Lexer, type Token } from "marked";

/** What begins or ends something within a line: a lexer looks from each of them for its other end, again and again. */
const MARKS = /[*_~[\]<`]/g;
/** So many in one block, and in all of them. */
const MOST_MARKS = 300;
const MOST_OF_ALL = 3000;
/** In longer words nobody looks for an address. */
const LONG_WORD = /\S{1000}/;
/** A line that lies in so many quotes and lists. */
const DEEP = /^(?:[ \t]*(?:>|[-*+](?=\s)|\d{1,9}[.)](?=\s))){20}/m;

/** The tokens. */
export function tokensOf(text: string): readonly Token[] {
  if (DEEP.test(text)) return [asItIs(text)];
  const lexer = new Lexer({ gfm: true });
  let left = MOST_OF_ALL;
  try {
    lexer.blockTokens(text.replace(/\r\n?/g, "\n"), lexer.tokens);
    for (const { src, tokens } of lexer.inlineQueue) {
      const marks = src.match(MARKS)?.length ?? 0;
      left -= marks;
      if (marks > MOST_MARKS || left < 0 || LONG_WORD.test(src)) tokens.push(asItIs(src));
      else lexer.inlineTokens(src, tokens);
    }
    return lexer.tokens;
  } catch {
    return [asItIs(text)];
  }
}

function asItIs(text: string): Token {
  return { type: "raw", raw: text };
}
