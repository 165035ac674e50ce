// Names in filters: which field, or which attributes of which path, they stand for.
import { closest } from "./spelling.ts";
import type { Cursor } from "./where-cursor.ts";
import { FIELD_NAMES, FIELDS, fieldNamed } from "./where-fields.ts";
import { SEARCH_NAMES } from "./where-operators.ts";
import type { AttributePath, Name } from "./where-tree.ts";

/** What a name is: where to look it up, and how to call it in an error. */
export interface Named {
  readonly name: Name;
  readonly text: string;
  readonly at: number;
}

const KEYWORDS = new Set([
  ...["and", "or", "not", "in", "exists", "ago"],
  ...SEARCH_NAMES.flatMap((search) => search.split(" ")),
]);
const ROOTS = ["attributes", "resource"] as const;
const MAX_NAME_PARTS = 20;
const MAX_INDEX = 999_999_999;

/** True for a field that is true or false. */
export function isFlag({ name }: Named): boolean {
  return name.kind === "field" && FIELDS[name.field] === "flag";
}

/** How such a field is written. */
export function flagUse({ text }: Named): string {
  return `${text} is true or false: write ${text}, not ${text} or ${text} = true.`;
}

/** Reads the names of one filter. */
export class NameReader {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** The name that comes next. */
  name(): Named {
    const { kind, text, at } = this.#cursor.peek();
    if (kind !== "word" || KEYWORDS.has(text.toLowerCase()) || text.startsWith(".")) {
      throw this.#cursor.unexpected(this.#cursor.peek(), "a name such as duration or ai.tool.name", [
        "not",
        "exists",
      ]);
    }
    this.#cursor.taken(undefined);
    const path = this.#path();
    const name = path.length === 0 ? fieldCalled(text) : undefined;
    return { name: name ?? this.#place({ text, at }, path), text, at };
  }

  /** What follows in brackets, or behind them. */
  #path(): (string | number)[] {
    const path: (string | number)[] = [];
    for (;;) {
      const token = this.#cursor.peek();
      if (this.#cursor.takeSymbol("[")) {
        path.push(this.#key());
        if (!this.#cursor.takeSymbol("]")) throw this.#cursor.unexpected(this.#cursor.peek(), '"]"');
      } else if (path.length > 0 && token.kind === "word" && token.text.startsWith(".")) {
        this.#cursor.taken(undefined);
        path.push(...this.#parts(token.text.slice(1), token.at));
      } else return path;
    }
  }

  #key(): string | number {
    const key = this.#cursor.peek();
    this.#cursor.taken(undefined);
    if (key.kind === "text") return key.text;
    const index = Number(key.text);
    if (key.kind === "atom" && Number.isInteger(index) && index >= 0 && index <= MAX_INDEX) return index;
    throw this.#cursor.problem(key, 'expected a key in quotes, as in ["city"], or an index, as in [0].');
  }

  #parts(name: string, at: number): readonly [string, ...string[]] {
    const [first = "", ...rest] = name.split(".");
    if ([first, ...rest].includes("")) throw this.#cursor.problem({ at }, "a name has a dot too many.");
    if (rest.length >= MAX_NAME_PARTS) {
      throw this.#cursor.problem(
        { at },
        `a name of more than ${MAX_NAME_PARTS} parts is written attributes["NAME"].`,
      );
    }
    return [first, ...rest];
  }

  #place({ text, at }: { readonly text: string; readonly at: number }, path: (string | number)[]): Name {
    const [key, ...behind] = path;
    const root = ROOTS.find((word) => text === word || text.startsWith(`${word}.`));
    const kind = root === "resource" ? "resource" : "attribute";
    if (root === text && typeof key === "string") return { kind, places: [[key, ...behind]] };
    if (root === text)
      throw this.#cursor.problem({ at }, `expected a name behind it, as in ${root}["NAME"].`);
    if (root === undefined) this.#checkSpelling(text, at);
    const parts = this.#parts(root === undefined ? text : text.slice(root.length + 1), at);
    return { kind, places: placesOf(parts, path) };
  }

  /** An attribute of such a name is less likely than a field that was written in another way. */
  #checkSpelling(text: string, at: number): void {
    const near = text.startsWith("scope.")
      ? (closest(text, FIELD_NAMES) ?? "scope.name")
      : FIELD_NAMES.find((field) => plain(field) === plain(text));
    if (near === undefined) return;
    const other = `an attribute of that name is attributes["${text}"]`;
    throw this.#cursor.problem(
      { at },
      `there is no field "${text}"; did you mean "${near}"? (${other})`,
      near,
    );
  }
}

function fieldCalled(text: string): Name | undefined {
  const field = fieldNamed(text);
  return field && { kind: "field", field };
}

/** The whole name first, then ever shorter ones with the rest as the path within the value. */
function placesOf(
  parts: readonly [string, ...string[]],
  path: readonly (string | number)[],
): AttributePath[] {
  return parts.map((_, i): AttributePath => {
    const length = parts.length - i;
    return [parts.slice(0, length).join("."), ...parts.slice(length), ...path];
  });
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}
