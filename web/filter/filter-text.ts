// The text of a filter as it is typed: its pieces for colours, and what is wanted at the cursor.

/** A piece of a filter with its colour's class. */
export interface Piece {
  readonly text: string;
  readonly kind: "n" | "o" | "w" | "s" | "v" | "bad" | "";
}

/** What is being typed. */
export interface Typed {
  /** What may come here. */
  readonly wants: "name" | "operator" | "value";
  /** The name before, where an operator or value is wanted. */
  readonly name: string | undefined;
  /** What of it is typed already, without quotes. */
  readonly text: string;
  /** Where that begins and ends in the filter. */
  readonly from: number;
  readonly to: number;
}

const TOKEN =
  /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[-+]?\d[\w.:+-]*|[\p{L}_$@.][\p{L}\p{M}\p{N}_$@./:-]*|[!=<>~&|]+|\s+|./gsu;
const JOINS = new Set(["and", "or", "not", "in", "contains", "starts", "with", "exists", "is"]);
const OPERATORS = new Set(["contains", "in", "with", "is"]);

/** The pieces of a filter; what is at fault is one of its own. */
export function piecesOf(
  text: string,
  fault: { readonly at: number; readonly length: number } | undefined,
): Piece[] {
  const tokens = tokensIn(text);
  return tokens.flatMap((token, i) => {
    const { at, text: part } = token;
    const isBad =
      fault !== undefined && at < fault.at + Math.max(1, fault.length) && at + part.length > fault.at;
    return [{ text: part, kind: isBad ? "bad" : kindOf(tokens, i) }];
  });
}

/** The conditions that hold together, each with the filter as it is without it; none where there is but one. */
export function conditionsIn(text: string): { readonly text: string; readonly without: string }[] {
  let depth = 0;
  const joints = tokensIn(text).filter(({ text: part }) => {
    depth += part === "(" ? 1 : part === ")" ? -1 : 0;
    return depth === 0 && part.toLowerCase() === "and";
  });
  const isPlain = !tokensIn(text).some(({ text: part }) => part.toLowerCase() === "or");
  if (joints.length === 0 || !isPlain) return [];
  const ends = [...joints.map(({ at }) => at), text.length];
  const starts = [0, ...joints.map(({ at, text: part }) => at + part.length)];
  const parts = starts.map((start, i) => text.slice(start, ends[i]).trim());
  return parts.map((part, i) => ({
    text: part,
    without: parts.filter((_, other) => other !== i).join(" and "),
  }));
}

/** What is wanted at the cursor. */
export function cursorIn(text: string, cursor: number): Typed {
  const tokens = tokensIn(text.slice(0, cursor));
  const last = tokens.at(-1);
  const isWithin = last !== undefined && !/^\s/.test(last.text) && !/^[=<>!()[\],]/.test(last.text);
  const words = tokens.filter(({ text: part }) => part.trim() !== "");
  const before = isWithin ? words.slice(0, -1) : words;
  const typed = isWithin ? last.text : "";
  const from = isWithin ? last.at : cursor;
  const to = isWithin ? from + (tokensIn(text.slice(from))[0]?.text.length ?? 0) : cursor;
  const previous = before.at(-1)?.text ?? "";
  const base = { text: typed.replace(/^["']|["']$/g, ""), from, to };
  if (/^[=<>!]/.test(previous) || OPERATORS.has(previous.toLowerCase())) {
    return { ...base, wants: "value", name: nameBefore(before) };
  }
  const isName = previous !== "" && !JOINS.has(previous.toLowerCase()) && !/^[()]/.test(previous);
  if (isName && /^[\p{L}_$@.]/u.test(previous)) return { ...base, wants: "operator", name: previous };
  return { ...base, wants: "name", name: undefined };
}

function nameBefore(words: readonly { readonly text: string }[]): string | undefined {
  return words.findLast(({ text }) => /^[\p{L}_$@.]/u.test(text) && !JOINS.has(text.toLowerCase()))?.text;
}

function tokensIn(text: string): { readonly text: string; readonly at: number }[] {
  return [...text.matchAll(TOKEN)].map((match) => ({ text: match[0], at: match.index }));
}

function kindOf(tokens: readonly { readonly text: string }[], i: number): Piece["kind"] {
  const text = tokens[i]?.text ?? "";
  if (/^["']/.test(text)) return "s";
  if (/^[!=<>~&|]/.test(text)) return "o";
  if (/^[-+]?\d/.test(text)) return "v";
  if (JOINS.has(text.toLowerCase())) return "w";
  if (!/^[\p{L}_$@.]/u.test(text)) return "";
  const before = tokens.slice(0, i).findLast(({ text: part }) => part.trim() !== "")?.text ?? "";
  return /^[=<>!]/.test(before) || OPERATORS.has(before.toLowerCase()) ? "v" : "n";
}
