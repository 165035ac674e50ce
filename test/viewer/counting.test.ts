// Counts that take longer than a request waits.
import { InMemoryTracer, readable, type TallyQuery, type TallyReport } from "tracelight";
import { expect, test } from "vitest";
import { Counting } from "../../src/viewer/counting.ts";
import { problemOf, problemResponse } from "../../src/viewer/problems.ts";

interface Counted {
  readonly query: TallyQuery;
  resolve(report: TallyReport): void;
  reject(error: Error): void;
}

/** A store whose counts end when they are told to. */
function counting() {
  const counts: Counted[] = [];
  const store = {
    name: "slow",
    find: () => [],
    tally: (query: TallyQuery) => {
      query.onProgress?.({ done: 320_000, left: 680_000 });
      return new Promise<TallyReport>((resolve, reject) => counts.push({ query, resolve, reject }));
    },
  };
  const all = new Counting(readable(store), 1);
  const ask = async (key: string) => {
    const answer = await all.tally(key, {}).then(
      (report) => Response.json(report),
      (error: unknown) => problemResponse(problemOf(error)),
    );
    return { status: answer.status, headers: answer.headers, json: JSON.parse(await answer.text()) };
  };
  return { counts, ask };
}

const REPORT = await new InMemoryTracer().tally({});

test("a count that takes long says how far it is, goes on, and answers the next who asks the same", async () => {
  const { counts, ask } = counting();
  const first = await ask("?by=tool");
  expect([first.status, first.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(first.json).toMatchObject({
    code: "COUNTING",
    detail: "The spans are being counted: 320,000 of about 1,000,000 spans so far. Ask again in a moment.",
    progress: { done: 320_000, of: 1_000_000 },
  });
  expect((await ask("?by=tool")).status).toBe(503);
  expect(counts).toHaveLength(1);
  expect(counts[0]?.query.signal?.aborted).toBe(false);
  counts[0]?.resolve(REPORT);
  expect((await ask("?by=tool")).status).toBe(200);
  // What was told is not told again: there may be more by now.
  expect((await ask("?by=tool")).status).toBe(503);
  expect(counts).toHaveLength(2);
});

test("what goes wrong with a count is told to the next who asks, once", async () => {
  const { counts, ask } = counting();
  await ask("");
  counts[0]?.reject(new Error("secret path"));
  const told = await ask("");
  expect([told.status, told.json.code]).toEqual([500, "UNEXPECTED"]);
  expect((await ask("")).json.code).toBe("COUNTING");
});

test("of counts that nobody waits for four go on: another makes the first end", async () => {
  const { counts, ask } = counting();
  for (const buckets of [1, 2, 3, 4]) await ask(`?buckets=${buckets}`);
  expect(counts.map(({ query }) => query.signal?.aborted)).toEqual([false, false, false, false]);
  await ask("?buckets=5");
  expect(counts.map(({ query }) => query.signal?.aborted)).toEqual([true, false, false, false, false]);
});
