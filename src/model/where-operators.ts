// The operators of filters. Whoever has no case for one of them does not compile.

/** Compares by order. */
export type Order = "<" | "<=" | ">" | ">=";

/** Looks into texts and lists. */
export type Search = "contains" | "starts with";

/** How a name is compared. */
export type Operator = "=" | Order | Search;

/** On which side of the value what holds lies, and whether the value itself does. */
export const ORDERS: Readonly<Record<Order, { readonly isBelow: boolean; readonly hasEqual: boolean }>> = {
  "<": { isBelow: true, hasEqual: false },
  "<=": { isBelow: true, hasEqual: true },
  ">": { isBelow: false, hasEqual: false },
  ">=": { isBelow: false, hasEqual: true },
};

/** True for the operators that are words. */
export function isSearch(operator: Operator): operator is Search {
  return operator === "contains" || operator === "starts with";
}

/** True for the operators that are signs. */
export function isSign(text: string): text is "=" | Order {
  return text === "=" || Object.hasOwn(ORDERS, text);
}
