// Where in a filter the reading is: what comes next, taking it, and errors that show the place.
import type { TracelightError } from "./errors.ts";
import { slipOf } from "./where-slips.ts";
import { problem, type Token, tokensOf } from "./where-tokens.ts";

/** Goes through the tokens of a filter, one after the other. */
export class Cursor {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  /** @throws TracelightError `INVALID_QUERY` */
  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  /** The next token, or one further on; behind the last, one of the kind `end`. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? { kind: "end", text: "", at: this.#text.length };
  }

  /** Takes tokens, and gives what they say. */
  taken<T>(value: T, tokens = 1): T {
    this.#next += tokens;
    return value;
  }

  /** Takes that word, in any letter case, where it comes next. */
  takeWord(word: string): boolean {
    const { kind, text } = this.peek();
    return kind === "word" && text.toLowerCase() === word && this.taken(true);
  }

  /** Takes that symbol where it comes next. */
  takeSymbol(symbol: string): boolean {
    const { kind, text } = this.peek();
    return kind === "symbol" && text === symbol && this.taken(true);
  }

  /** The error of a token that cannot stand there; `words` could, and may be what was meant. */
  unexpected(token: Token, expected: string, words: readonly string[] = []): TracelightError {
    const mend = slipOf(token, words);
    return this.problem(
      token,
      `expected ${expected}${mend === undefined ? "." : `; did you mean "${mend}"?`}`,
      mend,
    );
  }

  /** An error that shows the place; `mend` is what to write there, where that is known. */
  problem({ at }: { readonly at: number }, what: string, mend?: string): TracelightError {
    return problem(this.#text, at, what, mend);
  }
}
