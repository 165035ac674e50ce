// Recorded conversations of five SDKs, through our adapters, against the tokens that the service that answered them had counted.
import { expect, test } from "vitest";
import { COUNTED, callsOf, NAMES } from "../fixtures/context/recorded.ts";

test("there are 20 of them, of five SDKs", () => {
  expect(NAMES.toSorted()).toEqual(Object.keys(COUNTED).sort());
  expect(NAMES).toHaveLength(20);
  expect(
    new Set(NAMES.map((name) => name.replace(/-(?:grows|shortened|summarised|two-agents)$/, ""))),
  ).toEqual(new Set(["openai", "responses", "anthropic", "gemini", "bedrock", "ai-sdk"]));
});

test.each(NAMES)("%s: the parts of each window are the tokens that went in", (name) => {
  const calls = callsOf(name);
  expect(calls).toHaveLength(COUNTED[name]?.length ?? 0);
  for (const [i, counted] of (COUNTED[name] ?? []).entries()) {
    const { shares, usage } = calls[i] ?? {};
    const sum = Object.values(shares ?? {}).reduce((all, part) => all + part, 0);
    expect(Math.abs(sum - counted) / counted, `call ${i + 1} of ${counted}`).toBeLessThanOrEqual(0.01);
    expect(usage?.input).toBe(counted);
    expect(shares?.unrecorded).toBe(0);
    for (const part of ["tools", "system", "fresh"] as const) expect(shares?.[part]).toBeGreaterThan(0);
  }
});

const of = (story: string): string[] => NAMES.filter((name) => name.endsWith(story));
const verdicts = (name: string): string[] =>
  callsOf(name).map(({ cache: { state, cause } }) => (cause === undefined ? state : `${state}: ${cause}`));

test.each(of("grows"))("%s: nothing was lost", (name) => {
  expect(verdicts(name).filter((verdict) => /^(?:broken|changed)/.test(verdict))).toEqual([]);
});

test.each(of("shortened"))("%s: a result that was shortened is what changed", (name) => {
  const call = callsOf(name).at(-1);
  expect(call?.cache.cause).toBe("messages");
  expect(call?.change?.change).toMatchObject({ place: "messages", how: "shortened" });
  expect(call?.change?.change?.before?.piece.kind).toBe("result");
});

test.each(of("summarised"))("%s: the history was summarised", (name) => {
  expect(callsOf(name).at(-1)?.change?.compaction).toMatchObject({ how: "summary" });
});

test.each(of("two-agents"))("%s: each agent is compared with itself", (name) => {
  const [first, translator, second, again] = callsOf(name);
  expect([first, translator].map((call) => call?.before)).toEqual([undefined, undefined]);
  expect(second?.before?.spanId).toBe(first?.spanId);
  expect([translator?.number, again?.number]).toEqual([undefined, undefined]);
});
