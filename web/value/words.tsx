// What somebody said: a text as Markdown, any other value as it is.
import type { JSX } from "preact";
import { Markdown } from "./markdown.tsx";
import { type OfSpan, Value } from "./value.tsx";

/** What somebody said; nothing where nothing was. */
export function Words({ value, of }: { readonly value: unknown; readonly of: OfSpan }): JSX.Element | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? <Markdown text={value} /> : <Value value={value} of={of} />;
}
