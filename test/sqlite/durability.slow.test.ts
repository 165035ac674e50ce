// What has ended is there, however the process ends.
import { describe, expect, test } from "vitest";
import { sized } from "../sizes.ts";
import type { Ending } from "./child.ts";
import { startChild } from "./processes.ts";
import { freshPath, lifeLocks, read, sql, statesIn } from "./support.ts";

describe("ended spans outlive their process:", () => {
  test('1000 in one tick, then SIGKILL, with durability "span"', async () => {
    const path = freshPath();
    const child = await startChild({ path, durability: "span" });
    expect(await child.askToEnd("burstAndEnd", { name: "s", spans: 1000, ending: "kill" })).toBe("SIGKILL");
    expect(await numbersIn(path)).toEqual(upTo(1000));
  });

  test('1000 over many ticks, then SIGKILL, with durability "tick"', async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("burst", { name: "s", spans: 1000, perTick: 10, everyMs: 10 });
    child.kill();
    await child.ended;
    expect(await numbersIn(path)).toEqual(upTo(1000));
  });

  test.each<[string, Ending, number]>([
    ["process.exit() in the tick of the last spans", "exit", 3],
    ["an exception that nobody catches", "throw", 1],
    ["a normal end, without flush or close", "end", 0],
  ])("%s", async (_, ending, code) => {
    const path = freshPath();
    const child = await startChild({ path });
    expect(await child.askToEnd("burstAndEnd", { name: "s", spans: 777, ending })).toBe(code);
    expect(await numbersIn(path)).toEqual(upTo(777));
    expect(lifeLocks(path)).toEqual([]);
  });

  test("a signal, where the app asked for closeOnSignals", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("closeOnSignals");
    await child.ask("start", { name: "running" });
    await child.ask("burst", { name: "s", spans: 100 });
    child.kill("SIGTERM");
    expect(await child.ended).toBe("SIGTERM");
    expect(await numbersIn(path)).toEqual(upTo(100));
    expect((await statesIn(path))["running"]).toBe("interrupted");
    expect(lifeLocks(path)).toEqual([]);
  });

  test("a tight loop of many more than a batch", async () => {
    const path = freshPath();
    const spans = sized(50_000, 5_000);
    const child = await startChild({ path });
    const before = (await child.ask("memory")).heap;
    await child.ask("burst", { name: "s", spans, text: 500 });
    const { heap } = await child.ask("memory");
    expect(heap - before).toBeLessThan(5e6);
    expect(await child.askToEnd("leave", { ending: "end" })).toBe(0);
    expect(sql(path, "SELECT count(*) AS n FROM spans")).toEqual([{ n: spans }]);
  });

  test("ends with spans that never ended leave no lock behind", async () => {
    for (const [ending, code] of [
      ["exit", 3],
      ["throw", 1],
      ["end", 0],
    ] as const) {
      const path = freshPath();
      const child = await startChild({ path });
      await child.ask("start", { name: "never ended" });
      expect(await child.askToEnd("leave", { ending })).toBe(code);
      expect(await statesIn(path)).toEqual({ "never ended": "interrupted" });
      expect(lifeLocks(path), ending).toEqual([]);
    }
  });
});

test("nothing is printed, and no warning of SQLite's own comes", async () => {
  const child = await startChild({ path: freshPath() });
  await child.ask("burst", { name: "s", spans: 10 });
  await child.ask("close");
  await child.askToEnd("leave", { ending: "end" });
  expect(child.printed).toBe("");
});

async function numbersIn(path: string): Promise<unknown[]> {
  const spans = await read(path, { spanName: "s" });
  expect(spans.every(({ state }) => state === "ended")).toBe(true);
  return spans.map(({ attributes }) => attributes["i"]).sort((a, b) => Number(a) - Number(b));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
