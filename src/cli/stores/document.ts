// A JSON document that is laid out over many lines, read as one line.
import { parseLine } from "./line-json.ts";
import type { Line } from "./lines.ts";

/**
 * The lines as they are; where the first is only the beginning of a JSON document that all of them are together, that
 * document as one line. It is held in memory, up to `maxBytes`.
 */
export async function* documentOf(
  batches: AsyncIterable<readonly Line[]>,
  maxBytes: number,
): AsyncGenerator<readonly Line[], void, undefined> {
  let held: Line[] | undefined = [];
  let size = 0;
  for await (const lines of batches) {
    if (held === undefined) {
      yield lines;
      continue;
    }
    const isFirst: boolean = held.length === 0;
    for (const line of lines) held.push(line);
    size += sizeOf(lines);
    if (size <= maxBytes && !(isFirst && beginsWithJson(lines))) continue;
    yield held;
    held = undefined;
  }
  if (held !== undefined) yield asDocument(held);
}

function sizeOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { text }) => sum + (text?.length ?? Number.POSITIVE_INFINITY), 0);
}

/** True where the first line is JSON by itself. */
function beginsWithJson(lines: readonly Line[]): boolean {
  const first = lines.find(({ text = "" }) => text.trim() !== "");
  return first !== undefined && isJson(first.text);
}

/** Where it is no document, each line is judged by itself. */
function asDocument(lines: readonly Line[]): readonly Line[] {
  const text = lines.map((line) => line.text ?? "").join("\n");
  return isJson(text) ? [{ number: 1, text }] : lines;
}

function isJson(text: string = ""): boolean {
  try {
    // `trim` takes a byte order mark away as well.
    parseLine(text.trim());
    return true;
  } catch {
    return false;
  }
}
