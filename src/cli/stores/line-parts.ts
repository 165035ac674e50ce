// Long lines that a container's runtime has cut into parts, put together again: Docker's files, and CRI's.
import type { Line } from "./lines.ts";

/** Docker writes a line of more than 16 KiB in parts of that size. */
const DOCKER_PART_BYTES = 16_000;

/** Lines as the app wrote them, where a container's runtime cut long ones into parts. */
export async function* joinedLines(
  batches: AsyncIterable<readonly Line[]>,
  maxBytes: number,
): AsyncGenerator<readonly Line[], void, undefined> {
  const parts = new Parts(maxBytes);
  for await (const lines of batches) yield lines.flatMap((line) => parts.take(line));
  yield parts.end();
}

/** One line as a container's runtime has it. */
interface Part {
  readonly stream: string;
  readonly text: string;
  readonly isLast: boolean;
}

/** Holds the parts of lines whose end has not come, for each stream. */
class Parts {
  readonly #maxBytes: number;
  readonly #begun = new Map<string, { readonly number: number; readonly texts: string[]; size: number }>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(line: Line): Line[] {
    const part = line.text === undefined ? undefined : partOf(line.text);
    if (part === undefined) return [line];
    const { stream, text, isLast } = part;
    const begun = this.#begun.get(stream) ?? { number: line.number, texts: [], size: 0 };
    begun.texts.push(text);
    begun.size += text.length;
    if (begun.size > this.#maxBytes) begun.texts.length = 0;
    if (!isLast) {
      this.#begun.set(stream, begun);
      return [];
    }
    this.#begun.delete(stream);
    return [this.#joined(begun)];
  }

  /** What never came to its end. */
  end(): Line[] {
    return [...this.#begun.values()].map((begun) => this.#joined(begun));
  }

  #joined({ number, texts, size }: { number: number; texts: string[]; size: number }): Line {
    return { number, text: size > this.#maxBytes ? undefined : texts.join("") };
  }
}

/** CRI, as Kubernetes has it: a time, a stream, `P` for a part or `F` for a line or its last part. */
const CRI = /^\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([PF])(?::\S{1,64})? /;

function partOf(text: string): Part | undefined {
  if (text.startsWith('{"log":"')) return dockerPart(text);
  const [prefix, stream, tag] = CRI.exec(text) ?? [];
  if (prefix === undefined || stream === undefined) return undefined;
  return { stream, text: text.slice(prefix.length), isLast: tag === "F" };
}

function dockerPart(text: string): Part | undefined {
  const { log, stream } = Object(parsed(text));
  if (typeof log !== "string" || (stream !== "stdout" && stream !== "stderr")) return undefined;
  const isLast = log.endsWith("\n") || log.length < DOCKER_PART_BYTES;
  return { stream, text: log.replace(/\r?\n$/, ""), isLast };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
