// Text as people see it on a terminal: without what colours it, moves the cursor or has no ink.

/** What is not seen; most texts have none of it. */
const UNSEEN = /[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff]/;
const ALL_UNSEEN = new RegExp(UNSEEN, "g");
/** Control sequences of ECMA-48: colours and the like, strings such as titles and addresses of links, and short ones. */
const SEQUENCES =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;

/**
 * The text without control sequences, controls but white space, what was struck over, soft hyphens, zero-width spaces and joins of words.
 *
 * @example
 * ```ts
 * console.log(seenText("\u001b[31mError\u001b[0m")); // Error
 * ```
 */
export function seenText(text: string): string {
  if (!UNSEEN.test(text)) return text;
  return withoutStruck(text.replace(SEQUENCES, "")).replace(ALL_UNSEEN, "");
}

/** Bold and underlined words as `man` prints them: each character again, behind a backspace. */
function withoutStruck(text: string): string {
  if (!text.includes("\b")) return text;
  const kept: string[] = [];
  for (const character of text) {
    if (character === "\b") kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}
