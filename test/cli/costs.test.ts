// What calls cost, in every command that shows tokens; never a figure where there is no price.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { cost, costInWords, dollars } from "../../src/cli/format.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, type Outcome, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

const START = Date.UTC(2025, 5, 9, 23, 59, 59) * 1000;
let ids = 0;

function call(model: string, seconds: number): SpanFields {
  const startedAtMicros = START + seconds * 1e6;
  return spanFields({
    ...{ traceId: "c".repeat(32), spanId: (++ids).toString(16).padStart(16, "0"), parentSpanId: undefined },
    ...{ spanName: "chat", startedAtMicros, endedAtMicros: startedAtMicros + 1e6 },
    attributes: {
      ...{ "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "c1", "gen_ai.request.model": model },
      ...{ "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100 },
      ...{ "gen_ai.usage.cache_read.input_tokens": 400, "gen_ai.usage.reasoning.output_tokens": 90 },
      ...{ "gen_ai.response.time_to_first_chunk": seconds / 10, "gen_ai.response.finish_reasons": ["stop"] },
    },
  });
}

/** Before and after its cut: 600 * 10 + 400 * 0.5 + 100 * 40 = 10,200; 600 * 2 + 400 * 0.5 + 100 * 8 = 2,200 millionths. */
const SPANS = [call("o3", 0), call("o3", 2), call("house-llama", 4)];
const OWN = { "house-llama": { input: 1, output: 6 } };

useFolder();
beforeAll(async () => {
  writeFileSync(join(folder, "costs.jsonl"), recordLines(SPANS));
  writeFileSync(join(folder, "prices.json"), JSON.stringify(OWN));
  writeFileSync(join(folder, "slip.json"), '{"house-llama":{"inputs":1}}');
  expect((await tracelight(["import", "costs.jsonl", "costs.db"])).code).toBe(0);
});

describe.each([["costs.jsonl"], ["costs.db"]])("%s", (store) => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
    tracelight([...args, store], { env: { COLUMNS: "160", ...env } });

  test.concurrent("ls, and what is not in the sum", async () => {
    const { stdout } = await run(["ls"]);
    expect(stdout).toMatch(/tokens +cost/);
    expect(stdout).toContain("3k→300  $0.0124+");
    expect(jsonOf(await run(["ls", "--json"]))[0]).toMatchObject({
      ...{ cost_usd: expect.closeTo(0.0124, 12), unpriced_calls: 1 },
      ...{ cached_read_tokens: 1200, cached_write_tokens: 0, reasoning_tokens: 270 },
      ...{ time_to_first_token_ms: 400, finish_reasons: ["stop"] },
    });
  });

  test.concurrent("ls with a file of one's own, named by an option or by the environment", async () => {
    const whole = { cost_usd: expect.closeTo(0.0124 + 0.0016, 12), unpriced_calls: 0 };
    expect(jsonOf(await run(["ls", "--json", "--prices", "prices.json"]))[0]).toMatchObject(whole);
    expect(jsonOf(await run(["ls", "--json"], { TRACELIGHT_PRICES: "prices.json" }))[0]).toMatchObject(whole);
  });

  test.concurrent("show, a conversation and a trace", async () => {
    const talk = (await run(["show", "c1"])).stdout;
    expect(talk).toContain("3k→300 tokens (1.2k cached, 270 for reasoning) · first token 400 ms");
    expect(talk).toContain("$0.0124 and 1 call without a price");
    expect(talk).toMatch(/── 1 · .* · \$0\.0124\+ · trace c/);
    const tree = (await run(["show", "c".repeat(32)])).stdout;
    expect(tree).toContain("o3 1k→100 $0.0102");
    expect(tree).toContain("o3 1k→100 $0.0022");
    expect(tree).toMatch(/house-llama 1k→100 *$/m);
    const details = (await run(["show", "--full", "c".repeat(32)])).stdout;
    expect(details).toMatch(/first_token_after +200 ms/);
    expect(details).toMatch(/finish_reason +stop/);
  });

  test.concurrent("stats, by model and day", async () => {
    const rows = jsonOf(await run(["stats", "--json"]));
    expect(rows[0]).toMatchObject({ by: "total", cost_usd: expect.closeTo(0.0124, 12), unpriced_calls: 1 });
    const of = (name: string): object | undefined => rows.find((row) => row["name"] === name);
    expect(of("o3")).toMatchObject({ cost_usd: expect.closeTo(0.0124, 12), cached_read_tokens: 800 });
    expect(of("house-llama")).toMatchObject({ cost_usd: null, unpriced_calls: 1, reasoning_tokens: 90 });
    expect(of("2025-06-09")).toMatchObject({ cost_usd: expect.closeTo(0.0102, 12) });
    const { stdout } = await run(["stats"]);
    expect(stdout).toContain("3k→300 tokens (1.2k cached, 270 for reasoning)");
    expect(stdout).toContain("$0.0124 and 1 call without a price");
    expect(stdout).toMatch(/house-llama .* no price/);
  });
});

test("a slip in the file is wrong usage, and named", async () => {
  const { code, stderr } = await tracelight(["ls", "--prices", "slip.json", "costs.jsonl"]);
  expect(code).toBe(2);
  expect(stderr).toContain('has an unknown price "inputs"; did you mean "input"?');
});

test("amounts as people read them", () => {
  expect([0, 0.00001, 0.0192, 0.9, 12.345, 1234.5].map(dollars)).toEqual([
    ...["$0.00", "<$0.0001", "$0.0192", "$0.9000", "$12.35", "$1,235"],
  ]);
  expect(cost({ costUsd: undefined, unpricedCalls: 0 })).toBe("");
  expect(cost({ costUsd: undefined, unpricedCalls: 2 })).toBe("no price");
  expect(cost({ costUsd: 0, unpricedCalls: 0 })).toBe("$0.00");
  expect(costInWords({ costUsd: 0.5, unpricedCalls: 2 })).toBe("$0.5000 and 2 calls without a price");
});
