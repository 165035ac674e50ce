// `tracelight import`: spans from one store into another that can be written.

import type { StoreReader } from "../../tracing/readable.ts";
import type { Span } from "../../tracing/span.ts";
import type { ImportProgress } from "../../tracing/store.ts";
import type { Context } from "../context.ts";
import { Interrupted, UsageError } from "../failures.ts";
import { bytes, counted, howFar } from "../format.ts";
import { progressBar } from "../tree.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of `import`. */
export interface ImportOptions {
  readonly otlp?: boolean;
}

/** Copies all spans; those that are there already stay as they are. */
export async function importSpans(
  context: Context,
  [from = "", to]: readonly string[],
  { otlp = false }: ImportOptions,
): Promise<ExitCode> {
  const { output } = context;
  const source = await context.open(from, { otlp });
  const target = await context.open(to, { write: true });
  if (target.importSpans === undefined) throw notWritable(target);
  let done = 0;
  const progress: ImportProgress = (count, digested): void => {
    done = count;
    output.progress(() =>
      digested === undefined ? `${barOf(source)}${counted(done, "span")}` : howFar(digested, "counted"),
    );
  };
  const spans: AsyncIterable<Span> = context.untilStopped(source.iterate({}));
  try {
    const { added, known } = await target.importSpans(spans, progress);
    const rest = known === 0 ? "" : `, ${counted(known, "was", "were")} there already`;
    if (added + known === 0) {
      await output.say(`No spans in ${source.name}.`);
      return EXIT.nothingFound;
    }
    await output.say(`${counted(added, "span")} imported into ${target.name}${rest}.`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof Interrupted)
      output.talk(`Stopped after about ${counted(done, "span")}; the same command goes on.`);
    throw error;
  }
}

function notWritable({ name }: StoreReader): UsageError {
  return new UsageError(
    `import writes to an SQLite file or a DynamoDB table; ${name} is neither; files are imported one by one`,
  );
}

function barOf({ position }: StoreReader): string {
  const { bytes: read = 0, of } = position?.() ?? {};
  if (read === 0) return "";
  if (of === undefined || of === 0) return `${bytes(read)}  `;
  return progressBar(read / of);
}
