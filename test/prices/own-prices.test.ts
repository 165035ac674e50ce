// A file of one's own prices: what it may say, and what is said where it cannot be meant.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPrices, TracelightError } from "tracelight";
import { expect, onTestFinished, test } from "vitest";

const NOW = Date.parse("2026-06-01T00:00:00Z") * 1000;

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-prices-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "prices.json");
  writeFileSync(path, text);
  return path;
}

test("a file's prices are found by id, by provider and id, and by how an id begins; the longest wins", () => {
  const models = {
    "My-Model": { input: 1 },
    "acme/My-Model": { input: 2 },
    "my-*": { input: 3 },
    "my-long-*": { input: 4 },
  };
  const prices = loadPrices({ file: fileOf(`\ufeff${JSON.stringify(models)}`) });
  expect(prices.pricesOf("my-model", undefined, NOW)).toEqual({ input: 1 });
  expect(prices.pricesOf("my-model", "ACME", NOW)).toEqual({ input: 2 });
  expect(prices.pricesOf("my-other", "acme", NOW)).toEqual({ input: 3 });
  expect(prices.pricesOf("my-long-name", undefined, NOW)).toEqual({ input: 4 });
});

test("prices in code go before those of the file", () => {
  const prices = loadPrices({
    file: fileOf('{"m":{"input":1},"n":{"input":1}}'),
    models: { m: { input: 2 } },
  });
  expect(prices.pricesOf("m", undefined, NOW)).toEqual({ input: 2 });
  expect(prices.pricesOf("n", undefined, NOW)).toEqual({ input: 1 });
});

test("before its first period a model has no price", () => {
  const prices = loadPrices({
    models: {
      m: [
        { from: "2026-06-01", input: 1 },
        { from: "2026-07-01T12:00:00Z", input: 2 },
      ],
    },
  });
  expect(prices.pricesOf("m", undefined, NOW - 1)).toBeUndefined();
  expect(prices.pricesOf("m", undefined, NOW)).toEqual({ input: 1 });
  expect(prices.pricesOf("m", undefined, Date.parse("2026-07-01T12:00:00Z") * 1000)).toEqual({ input: 2 });
});

test("the window of a model is what your prices say, and what the package says of models that yours do not name", () => {
  const prices = loadPrices({ models: { m: { input: 1, contextWindow: 32_000 }, n: { input: 1 } } });
  expect(prices.pricesOf("m", undefined, NOW)).toEqual({ input: 1, contextWindow: 32_000 });
  expect(prices.pricesOf("n", undefined, NOW)).toEqual({ input: 1 });
  expect(prices.pricesOf("gpt-4o", "openai", NOW)?.contextWindow).toBe(128_000);
});

test.each([
  ["no JSON", "{", /is no JSON: /],
  ["a list", "[]", /must be an object, not a list/],
  ["prices that are none", '{"m":3}', /"m" of .*prices\.json must be an object, not 3/],
  [
    "an unknown price",
    '{"m":{"inputs":1}}',
    /"m" of .* has an unknown price "inputs"; did you mean "input"\?/,
  ],
  [
    "a price that is no number",
    '{"m":{"input":"1"}}',
    /"input" of "m" of .* must be a number of at least 0, not "1"/,
  ],
  [
    "a window that is no number",
    '{"m":{"input":1,"contextWindow":"200k"}}',
    /"contextWindow" of "m" of .* must be a number of at least 0, not "200k"/,
  ],
  ["a price below 0", '{"m":{"output":-1}}', /"output" of "m" of .* must be a number of at least 0, not -1/],
  ["no price", '{"m":{}}', /"m" of .* says no price; it needs "input" or "output"/],
  ["no periods", '{"m":[]}', /"m" of .* has no prices; leave the model out/],
  [
    "a day that is none",
    '{"m":[{"from":"June","input":1}]}',
    /"from" of period 1 of "m" of .* must be a day such as 2026-06-01/,
  ],
  [
    "a day that no month has",
    '{"m":[{"from":"2026-02-30","input":1}]}',
    /"from" of period 1 of "m" of .* must be a day such as 2026-06-01/,
  ],
  [
    "periods out of order",
    '{"m":[{"from":"2026-06-01","input":1},{"input":1}]}',
    /periods of "m" of .* must be in order of "from", the oldest first/,
  ],
  ["steps that are none", '{"m":{"input":1,"above":{}}}', /"above" of "m" of .* must be a list/],
  [
    "a step without a start",
    '{"m":{"input":1,"above":[{"input":2}]}}',
    /"inputTokens" of "above" 1 of "m" of .* must be a number/,
  ],
])("%s is refused, and the slip named", (_, text, message) => {
  const load = (): unknown => loadPrices({ file: fileOf(text) });
  expect(load).toThrow(TracelightError);
  expect(load).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }),
  );
});

test("a file that is not there is refused", () => {
  expect(() => loadPrices({ file: "nowhere/prices.json" })).toThrow(
    /price file nowhere\/prices\.json cannot be read/,
  );
});
