// SqliteTracer keeps both contracts, with the SQLite library that this Node has.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TeeTracer, type TracerOptions } from "tracelight";
import { SqliteTracer, type SqliteTracerOptions } from "tracelight/sqlite";
import { type MakeTracer, sinkContract, storeContract } from "tracelight/testing";
import { afterAll, describe, test } from "vitest";
import { shareOf } from "../sizes.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-sqlite-"));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freshTracer(options: TracerOptions, rest: SqliteTracerOptions = {}): SqliteTracer {
  return new SqliteTracer({ ...options, ...rest, path: join(folder, `${files++}.db`) });
}

const makers: Record<string, MakeTracer> = {
  SqliteTracer: (options) => freshTracer(options),
  "SqliteTracer that commits each span": (options) => freshTracer(options, { durability: "span" }),
  "SqliteTracer that records no starts": (options) => freshTracer(options, { recordStarts: false }),
  "SqliteTracer with an identifier": (options) => freshTracer(options, { identifier: "My#Agent" }),
  "TeeTracer over a SqliteTracer": (options) => new TeeTracer(options).addTracer(freshTracer({})),
};

const contracts = [...sinkContract, ...storeContract];

/** The first keeps the whole of them; of its variants, each another third, and in CI the whole. */
const kept = Object.entries(makers).map(
  ([name, makeTracer], i) => [name, i === 0 ? contracts : shareOf(contracts, i, 3), makeTracer] as const,
);

describe.each(kept)("%s keeps the contracts:", (_name, contract, makeTracer) => {
  test.each(contract.map(({ name, run }) => [name, run] as const))("%s", (_test, run) => run(makeTracer));
});
