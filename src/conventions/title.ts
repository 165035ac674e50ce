// What somebody wanted, as one short line.
import { fieldIn } from "./values.ts";

/** Characters of a title. */
const MAX_TITLE = 200;
/** White space that is not one space between words; most texts have none. */
const ODD_SPACE = /[^\S ]| {2}/;

/** Text, or the text blocks of a message's content, as one short line; undefined where it says nothing. */
export function oneLineOf(content: unknown): string | undefined {
  if (typeof content === "string") return oneLine(content);
  if (!Array.isArray(content)) return undefined;
  let texts = "";
  for (const block of content) {
    const text = fieldIn(block, "text");
    if (typeof text === "string") texts += texts === "" ? text : ` ${text}`;
    if (texts.length > 8 * MAX_TITLE) break;
  }
  return oneLine(texts);
}

function oneLine(text: string): string | undefined {
  // Cut first: the white space of a megabyte is not looked at.
  const cut = text.slice(0, 8 * MAX_TITLE);
  const line = (ODD_SPACE.test(cut) ? cut.replace(/\s+/g, " ") : cut).trim();
  if (line.length <= MAX_TITLE) return line === "" ? undefined : line;
  // By characters, so that none is cut in two.
  const characters = [...line];
  return characters.length <= MAX_TITLE ? line : `${characters.slice(0, MAX_TITLE - 1).join("")}…`;
}
