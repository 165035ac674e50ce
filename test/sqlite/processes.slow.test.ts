// Several processes at one file.
import { expect, test } from "vitest";
import { sized } from "../sizes.ts";
import { ONLY_WAITS, startChild } from "./processes.ts";
import { freshPath, read, sql } from "./support.ts";

const SPANS = sized(100_000, 2_000);

test(`4 processes write ${SPANS} spans and 2 read meanwhile: all are there, and the file is sound`, async () => {
  const path = freshPath();
  const writers = await Promise.all(Array.from({ length: 4 }, () => startChild({ path })));
  const burst = { name: "s", spans: SPANS / 4, perTick: 20, text: 200 };
  const written = writers.map((writer) => writer.ask("burst", burst));
  await Promise.race(written.map((_, i) => writers[i]?.ask("flush", {})));
  const readers = await Promise.all([startChild({ path }), startChild({ path })]);
  const reads = readers.map((reader) => reader.ask("readWhile", { path, until: SPANS }));
  await Promise.all(written);
  for (const writer of writers) {
    expect(await writer.ask("flush", { timeoutMs: 200_000 })).toEqual({
      written: SPANS / 4,
      pending: 0,
      dropped: 0,
      failed: 0,
      codes: ONLY_WAITS,
    });
  }
  for (const read of await Promise.all(reads)) expect(read).toMatchObject({ spans: SPANS, isGrowing: true });
  for (const writer of writers) expect(await writer.ask("close")).toMatchObject({ codes: ONLY_WAITS });
  expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  expect(sql(path, "SELECT count(*) AS n, count(DISTINCT span_id) AS d FROM spans")).toEqual([
    { n: SPANS, d: SPANS },
  ]);
});

const MAKERS = sized(8, 4);

test(`${MAKERS} processes that make the file at once agree`, async () => {
  const path = freshPath();
  const writers = await Promise.all(Array.from({ length: MAKERS }, () => startChild({ path })));
  await Promise.all(writers.map((writer) => writer.ask("burst", { name: "s", spans: 50, perTick: 5 })));
  for (const writer of writers) {
    expect(await writer.ask("flush", { timeoutMs: 200_000 })).toEqual({
      written: 50,
      pending: 0,
      dropped: 0,
      failed: 0,
      codes: ONLY_WAITS,
    });
  }
  expect(await read(path)).toHaveLength(50 * MAKERS);
  expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
});

test("writers that are killed one after the other leave a sound file", async () => {
  const path = freshPath();
  const kills = sized(4, 2);
  const stays = await startChild({ path });
  for (let i = 0; i < kills; i++) {
    const killed = await startChild({ path });
    await killed.ask("start", { name: `killed ${i}` });
    void killed.ask("burst", { name: "s", spans: 100_000, perTick: 7 });
    await stays.ask("burst", { name: "stays", spans: 100, perTick: 3 });
    killed.kill();
    await killed.ended;
  }
  expect(await stays.ask("flush", {})).toMatchObject({ written: 100 * kills, pending: 0, codes: ONLY_WAITS });
  expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  expect(await read(path, { spanName: "stays" })).toHaveLength(100 * kills);
});
