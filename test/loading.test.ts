// What `import "tracelight"` loads: of Node no more than a tracer needs before its first span.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const LOADED = `
  const before = new Set(process.moduleLoadList);
  await import("tracelight");
  const loaded = process.moduleLoadList.filter((one) => !before.has(one));
  console.log(JSON.stringify(loaded.map((one) => one.replace("NativeModule ", ""))));
`;

it('import "tracelight" loads neither cryptography, nor streams, nor what else of Node it does not need', () => {
  const loaded: unknown = JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", LOADED], { encoding: "utf8" }),
  );
  // The clock is taken at once, before a test puts another in its place.
  expect(loaded).toContain("perf_hooks");
  const mayBeLeftOut = [
    "crypto",
    "stream",
    "internal/mime",
    "internal/util/parse_args/parse_args",
    "zlib",
    "worker_threads",
  ];
  expect(mayBeLeftOut.filter((one) => Array.isArray(loaded) && loaded.includes(one))).toEqual([]);
});
