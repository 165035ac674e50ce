// `tracelight prune`: retention now, whole traces at a time.

import { defined } from "../../model/defined.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { bytes, counted } from "../format.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of `prune`. */
export interface PruneOptions {
  /** Milliseconds. */
  readonly olderThan?: number;
  /** Bytes. */
  readonly maxSize?: number;
}

/** Removes what is too old or too much. */
export async function prune(
  context: Context,
  name: string | undefined,
  { olderThan, maxSize }: PruneOptions,
): Promise<ExitCode> {
  if (olderThan === undefined && maxSize === undefined) {
    throw new UsageError("Say what to remove: --older-than 30d, --max-size 2gb, or both");
  }
  // Opened to be read first: what is not there is not made.
  const { prune: isPrunable, name: known } = await context.open(name);
  if (isPrunable === undefined)
    throw new UsageError(`prune works on the SQLite files that Tracelight writes; ${known} is none`);
  const store = await context.open(name, { write: true });
  const removed = await store.prune?.({
    ...defined({ maxAgeMs: olderThan, maxBytes: maxSize }),
  });
  const { traces = 0, spans = 0, bytes: freed = 0 } = removed ?? {};
  const what = `${counted(traces, "trace")} (${counted(spans, "span")}, ${bytes(freed)})`;
  await context.output.say(
    traces === 0 ? `Nothing to remove in ${known}.` : `${what} removed from ${known}.`,
  );
  return EXIT.ok;
}
