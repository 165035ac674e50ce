// A filter as a tree: what the language can say in two ways is one here.
import type { Field } from "./where-fields.ts";
import type { Operator } from "./where-operators.ts";

/** A filter, read. What the language can say in two ways is one here: `!=` is `not` `=`, `in` an `or` of `=`. */
export type Where =
  | { readonly kind: "and" | "or"; readonly parts: readonly Where[] }
  | { readonly kind: "not"; readonly part: Where }
  | Comparison;

/** A name compared with a value. */
export interface Comparison {
  readonly kind: "compare";
  readonly name: Name;
  readonly operator: Operator;
  readonly value: Literal;
}

/** A value as the filter has it. Where a field is a time or the duration, it is a number of microseconds. */
export type Literal = string | number | bigint | boolean | null | Date;

/** What is compared: a field of the span, or the first of these that there is among its attributes. */
export type Name =
  | { readonly kind: "field"; readonly field: Field }
  | { readonly kind: "attribute" | "resource"; readonly places: readonly AttributePath[] };

/** An attribute's name, then the keys and indexes of the path within its value. */
export type AttributePath = readonly [string, ...(string | number)[]];

/** Parts of one kind; a part of the same kind is taken apart. */
export function joined(kind: "and" | "or", parts: readonly Where[]): Where {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : { kind, parts: flat };
}

/** What is not so. */
export function not(part: Where): Where {
  return part.kind === "not" ? part.part : { kind: "not", part };
}

/** A name compared with a value. */
export function comparison(name: Name, operator: Operator, value: Literal): Comparison {
  return { kind: "compare", name, operator, value };
}
