// What the arguments of a command name: a trace or conversation, by its id or how it begins, and the store that it is in.
import type { StoreReader } from "../tracing/readable.ts";
import { nothingFound } from "./commands/filter.ts";
import type { Context } from "./context.ts";
import { UsageError } from "./failures.ts";
import { type ResolvedId, resolveId, shownId } from "./ids.ts";
import { isStore, storeLast } from "./store.ts";
import { EXIT, type ExitCode } from "./world.ts";

/** The store, and what is meant in it: undefined means the latest. */
export interface Wanted {
  readonly store: StoreReader;
  readonly id: string | undefined;
}

/** What the arguments name, and its store. */
export async function wantedIn(args: readonly string[], context: Context): Promise<Wanted> {
  const [given, name] = await asked(args, context);
  const id = given?.trim();
  if (id === "") throw new UsageError("Say which: the id of a trace or conversation, or how it begins");
  return { store: await context.open(name, { again: true }), id };
}

/** What has that id; without one the latest. Undefined where there is none. */
export function foundFor(id: string | undefined, store: StoreReader): Promise<ResolvedId | undefined> {
  return id === undefined ? latest(store) : resolveId(id, store);
}

/** How a command ends where there is none. */
export function nothing(id: string | undefined, store: StoreReader, context: Context): Promise<ExitCode> {
  return id === undefined ? nothingFound(context, store, {}) : unknownId(id, store, context);
}

/** The id and the store; a store alone means its latest. */
async function asked(
  args: readonly string[],
  { world }: Context,
): Promise<readonly [id: string | undefined, store: string | undefined]> {
  const [only] = args;
  const isAlone = only !== undefined && args.length === 1;
  if (isAlone && (NAME_OF_FILE.test(only) || (await isStore(only, world)))) return [undefined, only];
  return storeLast(args, world);
}

/** Also where there is none of that name: that is what is to be said then. */
const NAME_OF_FILE = /\.(?:db|sqlite3?|jsonl|ndjson)$/i;

/** The first row of a listing. */
async function latest(store: StoreReader): Promise<ResolvedId | undefined> {
  for (const by of ["conversation", "trace"] as const) {
    const [row] = (await store.summaries({ by, limit: 1 })).rows;
    if (row !== undefined) return { by, id: row.id };
  }
  return undefined;
}

/** Says that there is none, and names the nearest. */
export async function unknownId(text: string, store: StoreReader, { output }: Context): Promise<ExitCode> {
  await output.say(`No trace or conversation in ${store.name} begins with "${shownId(text)}".`);
  const start = text.slice(0, Math.min(HINT_LENGTH, Math.ceil(text.length / 2)));
  const [near] = start === text ? [] : await store.idsByPrefix(start, 1);
  await output.say(
    near === undefined
      ? "tracelight ls lists what is there."
      : `The nearest is the ${near.by} ${shownId(near.id)}.`,
  );
  return EXIT.nothingFound;
}

const HINT_LENGTH = 6;
