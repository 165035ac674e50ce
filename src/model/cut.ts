/** A text of at most so many code units: what is longer is cut, but no character in two. */
export function cutTo(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}

/** The same, with `…` for what was cut. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${cutTo(text, length - 1)}…`;
}
