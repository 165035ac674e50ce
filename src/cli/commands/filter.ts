// What several commands have in common: their filters as queries, and what to say where nothing was found.

import { defined } from "../../model/defined.ts";
import { asciiJson } from "../../model/escape.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options that choose spans. */
export interface FilterOptions {
  readonly since?: Date;
  readonly until?: Date;
  readonly where?: string;
}

/** The part of a query that they are. */
export function filterOf({ since, until, where }: FilterOptions): FilterOptions {
  return {
    ...defined({ since, until, where }),
  };
}

/** Says that there is nothing, and where a filter's attribute may be a slip, which was meant. */
export async function nothingFound(
  { output }: Context,
  store: StoreReader,
  { since, until, where }: FilterOptions,
  what: string = "No spans",
): Promise<ExitCode> {
  const isFiltered = (since ?? until ?? where) !== undefined;
  await output.say(`${what}${isFiltered ? " match" : ""} in ${store.name}.`);
  if (where !== undefined) for (const line of await slips(where, store)) await output.say(line);
  return EXIT.nothingFound;
}

async function slips(where: string, store: StoreReader): Promise<string[]> {
  const { readWhere, suggestNames } = await import("../../model/where.ts");
  const names = await store.attributeNames();
  // A stream that was read is gone.
  if (names.length === 0) return [];
  return suggestNames(readWhere(where), names).map(
    ({ name, suggestion }) => `No span has the attribute "${name}"; did you mean "${suggestion}"?`,
  );
}

/** One line of JSON that no terminal can take for anything else. */
export function jsonLine(value: object): string {
  return asciiJson(JSON.stringify(value));
}
