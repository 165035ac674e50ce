// Where `collect` writes: a tracer over an SQLite file or a store that is known by its name, or lines of records on standard output.
import { access, constants } from "node:fs/promises";
import { resolve } from "node:path";
import { TracelightError } from "../../model/errors.ts";
import { asciiJson } from "../../model/escape.ts";
import { encodeRecord } from "../../model/record.ts";
import type { Process } from "../../tracing/draft.ts";
import type { DeliveryReport, Sink } from "../../tracing/sink.ts";
import type { Span } from "../../tracing/span.ts";
import { Tracer } from "../../tracing/tracer.ts";
import { UsageError } from "../failures.ts";
import type { Output } from "../output.ts";
import { isMissing, isSqliteOrNew, storeName } from "../store.ts";
import type { World } from "../world.ts";
import { namedStores } from "./by-name.ts";
import type { Written } from "./named.ts";

/** A store that takes spans as they come. */
export interface Target {
  /** What messages call it. */
  readonly name: string;
  /** Not opened before its first use. */
  readonly tracer: Tracer;
  /** Finds out whether it can be used. Rejects with what is wrong. */
  check(): Promise<void>;
  /** True where standard output is taken by records. */
  readonly isOutput: boolean;
}

/** What a target needs of its run. */
export interface TargetSetup {
  readonly world: World;
  readonly output: Output;
  /** Told of each fault. */
  readonly onError: (error: TracelightError) => void;
  /** Called where standard output can take no more. */
  readonly onGone: (reason: unknown) => void;
  /** The last change to each span. */
  readonly process?: Process | undefined;
}

/**
 * The target of that name; without one that of `TRACELIGHT_STORE`, else `./traces.db`.
 * @throws (rejects) UsageError where it is a file of something else.
 */
export async function targetOf(wanted: string | undefined, setup: TargetSetup): Promise<Target> {
  const name = storeName(wanted, setup.world);
  if (name === "-") return linesTarget(setup);
  const made: Made = (await namedStores(name)?.())?.write(name, setup) ?? (await file(name, setup));
  const { tracer, label = name, path, explain = (error: unknown) => error } = made;
  const check = async (): Promise<void> => {
    if (path !== undefined) await checkWritable(path, name);
    try {
      await tracer.getTraces({ traceId: ANY_TRACE, limit: 1 });
    } catch (error) {
      throw explain(error);
    }
  };
  return { name: label, tracer, check, isOutput: false };
}

interface Made extends Written {
  readonly path?: string;
}

/** A file that may only be read opens without a word; what is not there is made. */
async function checkWritable(path: string, name: string): Promise<void> {
  await access(path, constants.W_OK).catch((error: unknown) => {
    if (isMissing(error)) return;
    throw new TracelightError("STORE_READ_ONLY", `${name} may not be written to; check its rights`, {
      cause: error,
    });
  });
}

async function file(name: string, { onError, world, process }: TargetSetup): Promise<Made> {
  const path = resolve(world.cwd, name);
  if (!(await isSqliteOrNew(path, name))) {
    const mend = `for lines, write: tracelight collect - >> ${name}`;
    throw new UsageError(`collect writes to an SQLite file or a DynamoDB table; ${name} is neither; ${mend}`);
  }
  const { SqliteTracer } = await import("../../sqlite/tracer.ts");
  return { tracer: new SqliteTracer({ path, onError, process }), path };
}

function linesTarget({ output, onError, onGone, process }: TargetSetup): Target {
  const tracer = new Tracer(new RecordLines(output, onGone), { onError, process });
  return { name: "standard output", tracer, check: async () => undefined, isOutput: true };
}

/** Records on standard output, written when the flush is through. */
class RecordLines implements Sink {
  readonly name = "standard output";
  readonly #output: Output;
  readonly #onGone: (reason: unknown) => void;
  #taken = 0;
  #written = 0;
  #latest: Promise<void> = Promise.resolve();

  constructor(output: Output, onGone: (reason: unknown) => void) {
    this.#output = output;
    this.#onGone = onGone;
  }

  write(span: Span): void {
    this.#output.push(`${asciiJson(JSON.stringify(encodeRecord(span)))}\n`);
    this.#taken++;
  }

  /** One after the other: what is on its way is not written yet. */
  async flush(): Promise<DeliveryReport> {
    this.#latest = this.#latest.then(() => this.#flush());
    await this.#latest;
    return {
      written: this.#written,
      pending: this.#taken - this.#written,
      dropped: 0,
      failed: 0,
      errors: [],
    };
  }

  async #flush(): Promise<void> {
    const taken = this.#taken;
    try {
      await this.#output.flush();
      this.#written = taken;
    } catch (error) {
      this.#onGone(error);
    }
  }
}

/** Looked up to see whether the store can be read. */
const ANY_TRACE = "f".repeat(32);
