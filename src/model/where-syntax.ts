// The filter language's grammar (docs/where.md): a text becomes a tree.
import type { TracelightError } from "./errors.ts";
import { Cursor } from "./where-cursor.ts";
import { FIELDS } from "./where-fields.ts";
import { LiteralReader } from "./where-literals.ts";
import { flagUse, isFlag, type Named, NameReader } from "./where-names.ts";
import { isSearch, isSign, type Operator, SEARCH_NAMES, type Search, wantedBy } from "./where-operators.ts";
import { shown, type Token } from "./where-tokens.ts";
import { type Comparison, comparison, joined, not, type Where } from "./where-tree.ts";

const MAX_DEPTH = 100;
const WORDS: readonly string[] = ["in", ...SEARCH_NAMES];
const ANY_WORD: string = WORDS.map((word) => `"${word}"`)
  .join(", ")
  .replace(/, ([^,]*)$/, " or $1");
const FIRST_WORDS: readonly string[] = WORDS.map((word) => word.split(" ", 1).join());

/**
 * Reads a filter. `now` is what times such as `2h ago` count from; the present unless told.
 *
 * @example
 * ```ts
 * const filter = parseWhere('ai.tool.name = "get_weather" and duration > 2s');
 * ```
 *
 * @throws TracelightError `INVALID_QUERY`, showing the place, what was expected, and what was probably meant
 */
export function parseWhere(text: string, now: Date = new Date()): Where {
  return new Parser(text, now.getTime() * 1000).filter();
}

class Parser {
  readonly #cursor: Cursor;
  readonly #names: NameReader;
  readonly #literals: LiteralReader;
  #depth = 0;

  constructor(text: string, nowMicros: number) {
    this.#cursor = new Cursor(text);
    this.#names = new NameReader(this.#cursor);
    this.#literals = new LiteralReader(this.#cursor, nowMicros);
  }

  filter(): Where {
    if (this.#cursor.peek().kind === "end")
      throw this.#cursor.problem(this.#cursor.peek(), "the filter is empty.");
    const where = this.#chain("or");
    const rest = this.#cursor.peek();
    if (rest.kind !== "end") throw this.#cursor.unexpected(rest, '"and", "or" or the end', ["and", "or"]);
    return where;
  }

  /** `and` binds more closely than `or`. */
  #chain(kind: "and" | "or"): Where {
    const operand = () => (kind === "or" ? this.#chain("and") : this.#operand());
    const parts = [operand()];
    while (this.#cursor.takeWord(kind)) parts.push(operand());
    return joined(kind, parts);
  }

  #operand(): Where {
    const first = this.#cursor.peek();
    if (this.#cursor.takeWord("not")) return not(this.#deeper(first, () => this.#operand()));
    if (this.#cursor.takeWord("exists")) return not(comparison(this.#names.name().name, "=", null));
    if (!this.#cursor.takeSymbol("(")) return this.#comparison();
    const inner = this.#deeper(first, () => this.#chain("or"));
    const close = this.#cursor.peek();
    if (!this.#cursor.takeSymbol(")"))
      throw this.#cursor.unexpected(close, '"and", "or" or ")"', ["and", "or"]);
    return inner;
  }

  #deeper<T>(token: Token, parse: () => T): T {
    if (++this.#depth > MAX_DEPTH)
      throw this.#cursor.problem(token, `nested deeper than ${MAX_DEPTH} levels.`);
    const result = parse();
    this.#depth--;
    return result;
  }

  #comparison(): Where {
    const named = this.#names.name();
    if (isFlag(named) && this.#isTestOver()) return comparison(named.name, "=", true);
    const isNegated = this.#cursor.takeWord("not");
    const where = this.#wordComparison(named) ?? (isNegated ? undefined : this.#symbolComparison(named));
    if (where === undefined) throw this.#noOperator(named, isNegated);
    return isNegated ? not(where) : where;
  }

  #wordComparison(named: Named): Where | undefined {
    const operator = this.#cursor.peek();
    if (this.#cursor.takeWord("in")) return this.#in(named);
    const search = this.#search();
    return search && this.#compared(named, search, operator);
  }

  #search(): Search | undefined {
    return SEARCH_NAMES.find((search) => {
      const [first = "", ...others] = search.split(" ");
      if (!this.#cursor.takeWord(first)) return false;
      for (const word of others) {
        if (!this.#cursor.takeWord(word))
          throw this.#cursor.unexpected(this.#cursor.peek(), `"${word}"`, [word]);
      }
      return true;
    });
  }

  #symbolComparison(named: Named): Where | undefined {
    const operator = this.#cursor.peek();
    if (this.#cursor.takeSymbol("!=")) return not(this.#compared(named, "=", operator));
    if (operator.kind !== "symbol" || !isSign(operator.text)) return undefined;
    this.#cursor.taken(undefined);
    return this.#compared(named, operator.text, operator);
  }

  #in(named: Named): Where {
    const open = this.#cursor.peek();
    if (!this.#cursor.takeSymbol("("))
      throw this.#cursor.unexpected(open, '"(" and values, as in ("a", "b")');
    const parts = [this.#compared(named, "=", open)];
    while (this.#cursor.takeSymbol(",")) parts.push(this.#compared(named, "=", open));
    if (!this.#cursor.takeSymbol(")")) throw this.#cursor.unexpected(this.#cursor.peek(), '"," or ")"');
    return joined("or", parts);
  }

  #noOperator(named: Named, isNegated: boolean): TracelightError {
    const found = this.#cursor.peek();
    if (isFlag(named)) return this.#cursor.problem(found, flagUse(named));
    if (isNegated) return this.#cursor.unexpected(found, ANY_WORD, FIRST_WORDS);
    if (this.#isTestOver())
      return this.#cursor.problem(found, `expected a comparison, or write: exists ${shown(named.text)}`);
    return this.#cursor.unexpected(found, "a comparison such as =, <, in or contains", FIRST_WORDS);
  }

  /** True where a name stands alone. */
  #isTestOver(): boolean {
    const { kind, text } = this.#cursor.peek();
    return (
      kind === "end" || (kind === "symbol" && text === ")") || (kind === "word" && /^(and|or)$/i.test(text))
    );
  }

  #compared(named: Named, operator: Operator, operatorToken: Token): Comparison {
    const { name } = named;
    const type = name.kind === "field" ? FIELDS[name.field] : undefined;
    if (isSearch(operator) && (type === "time" || type === "duration")) {
      throw this.#cursor.problem(
        operatorToken,
        `${shown(named.text)} is no text; it takes =, !=, <, <=, > and >=.`,
      );
    }
    if (type === "flag" && operator !== "=") throw this.#cursor.problem(operatorToken, flagUse(named));
    const token = this.#cursor.peek();
    const value = this.#literals.value(named, operator, type);
    const wanted = wantedBy(operator, value);
    if (wanted !== undefined) throw this.#cursor.problem(token, `"${operator}" takes ${wanted}.`);
    return comparison(name, operator, value);
  }
}
