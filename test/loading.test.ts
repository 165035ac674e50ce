// What `import "tracelight"` loads: of Node and of the package no more than a tracer needs before its first span.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

function printed(code: string): unknown {
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }),
  );
}

const LOADED = `
  const before = new Set(process.moduleLoadList);
  await import("tracelight");
  const loaded = process.moduleLoadList.filter((one) => !before.has(one));
  console.log(JSON.stringify(loaded.map((one) => one.replace("NativeModule ", ""))));
`;

it('import "tracelight" loads neither cryptography, nor streams, nor what else of Node it does not need', () => {
  const loaded = printed(LOADED);
  const mayBeLeftOut = [
    "crypto",
    // Loaded at the first look at the clock: test/model/time.test.ts has what a test puts in its place until then.
    "perf_hooks",
    "stream",
    "internal/mime",
    "internal/util/parse_args/parse_args",
    "zlib",
    "worker_threads",
  ];
  expect(mayBeLeftOut.filter((one) => Array.isArray(loaded) && loaded.includes(one))).toEqual([]);
});

/** Our files that Node has compiled so far, by name, with their bytes; what of them waits for its first call, and how often that was called. */
const COMPILED = `
  import { Session } from "node:inspector/promises";
  const session = new Session();
  session.connect();
  const files = {};
  session.on("Debugger.scriptParsed", ({ params: { url, length } }) => {
    if (url.includes("/dist/")) files[url.split("/dist/")[1]] = length;
  });
  await session.post("Debugger.enable");
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  const steps = [];
  const step = async () => {
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const { functions } = result.find(({ url }) => url.endsWith("/dist/core.js")) ?? { functions: [] };
    const ranges = functions.filter(({ functionName }) => functionName === "lazyPart").map(({ ranges }) => ranges[0]);
    const [{ startOffset, endOffset, count } = { startOffset: 0, endOffset: 0, count: 0 }] = ranges;
    steps.push({ files: { ...files }, waiting: endOffset - startOffset, called: count });
  };
  const { InMemoryTracer } = await import("tracelight");
  await step();
  const tracer = new InMemoryTracer();
  tracer.trace("converse", (span) => tracer.trace("get_weather", () => span.addAttribute("ai.agent.name", "a")));
  await step();
  await tracer.getTraces({ where: 'span_name = "converse"' });
  await step();
  await tracer.tally();
  await step();
  console.log(JSON.stringify(steps));
`;

/** As it was, with some room: what only reads need belongs behind a door of `scripts/parts.mjs`, or behind an `import()`. */
const MOST_COMPILED_BYTES = 170_000;

interface Step {
  readonly files: Readonly<Record<string, number>>;
  readonly waiting: number;
  readonly called: number;
}

it("what only reads need is neither loaded nor compiled before the first read", () => {
  const isStep = (one: unknown): one is Step => typeof one === "object" && one !== null && "waiting" in one;
  const steps = printed(COMPILED);
  const [imported, traced, asked, counted] = Array.isArray(steps) ? steps.filter(isStep) : [];
  expect(Object.keys(imported?.files ?? {}).sort()).toEqual(["core.js", "index.js"]);
  expect(imported?.waiting).toBeGreaterThan(100_000);
  const bytes = Object.values(imported?.files ?? {}).reduce((sum, length) => sum + length, 0);
  expect(bytes - (imported?.waiting ?? 0)).toBeLessThan(MOST_COMPILED_BYTES);
  expect([imported, traced, asked].map((step) => Object.keys(step?.files ?? {}).length)).toEqual([2, 2, 2]);
  expect(imported?.called).toBe(0);
  expect(traced?.called).toBe(0);
  expect(asked?.called).toBe(1);
  expect(Object.keys(counted?.files ?? {})).toContain("reads.js");
});
