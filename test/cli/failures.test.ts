// What failed: ls, ls --errors, show, stats and search say the same of it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

useFolder();

const FIELDS: readonly Partial<SpanFields>[] = [
  { spanStatus: "ERROR" },
  { spanStatus: "ERROR", statusMessage: "" },
  { attributes: { "ai.tool.error": "no such city" } },
  { attributes: { "ai.tool.error": "" } },
  { attributes: { "ai.tool.error": null } },
  { attributes: { "ai.llm.response.error": "throttled" } },
  { attributes: { "exception.message": "boom" } },
  { attributes: { "exception.message": "" } },
  { attributes: { "gen_ai.operation.name": "chat", "error.type": "timeout" } },
  { attributes: { "error.type": "404" } },
  { attributes: {} },
];
const FAILED = [0, 1, 2, 3, 5, 6, 8].map(traceId);

function traceId(i: number): string {
  return (i + 1).toString(16).repeat(32);
}

beforeAll(async () => {
  const spans = FIELDS.map((fields, i) =>
    spanFields({ traceId: traceId(i), spanName: "workhorse", startedAtMicros: 1e12 - i, ...fields }),
  );
  writeFileSync(join(folder, "failures.jsonl"), recordLines(spans));
  expect((await tracelight(["import", "failures.jsonl", "failures.db"])).code).toBe(0);
});

describe.each(["failures.jsonl", "failures.db"])("in %s", (store) => {
  const rows = async (...args: string[]): Promise<readonly Record<string, unknown>[]> =>
    jsonOf(await tracelight(["ls", "--by", "trace", "--json", ...args, store]));

  test.concurrent("rows count what failed, and --errors and --where failed list those rows", async () => {
    const failed = (await rows()).filter(({ errors }) => errors === 1);
    expect(failed.map(({ id }) => id)).toEqual(FAILED);
    expect((await rows("--errors")).map(({ id }) => id)).toEqual(FAILED);
    expect((await rows("--where", "failed")).map(({ id }) => id)).toEqual(FAILED);
    expect((await rows("--where", "not failed")).length).toBe(FIELDS.length - FAILED.length);
    expect((await rows("--errors", "--where", "not exists ai.tool.error")).length).toBe(
      FAILED.length - 1 - 1,
    );
  });

  test.concurrent("stats counts them, and show marks them", async () => {
    const [total] = jsonOf(await tracelight(["stats", "--json", store]));
    expect(total?.["errors"]).toBe(FAILED.length);
    for (let i = 0; i < FIELDS.length; i++) {
      const { stdout } = await tracelight(["show", traceId(i), store]);
      expect(stdout.includes("✗"), JSON.stringify(FIELDS[i])).toBe(FAILED.includes(traceId(i)));
      expect(stdout.includes("1 error")).toBe(FAILED.includes(traceId(i)));
    }
  });
});
