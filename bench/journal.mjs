// What the journal adds to `end()` of a span of 1 KB: `node bench/journal.mjs` prints microseconds with and without it.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SPANS = 2000;
const ROUNDS = 60;
const BAR_US = 6;
const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));

try {
  const { Delivery, Faults, Tracer } = await modules();
  const cases = { without: tracerWith({}), with: tracerWith({ journal: join(folder, "journal") }) };
  const times = { without: [], with: [] };
  // In turns, so that a busy neighbour is fair to both; the best quarter, so that it does not count.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, tracer] of Object.entries(cases)) {
      times[name].push(timeEnds(tracer));
      await tracer.flush();
    }
  }
  const without = quartile(times.without);
  const added = quartile(times.with) - without;
  const write = quartile(Array.from({ length: ROUNDS }, timeWrites));
  const verdict = added <= BAR_US ? "met" : "missed";
  console.log(
    `end() of a 1 KB span takes ${without.toFixed(2)} us, with a journal ${added.toFixed(2)} us more (bar: ${BAR_US} us: ${verdict}); ` +
      `a bare write of 1 KB takes ${write.toFixed(2)} us`,
  );
  for (const tracer of Object.values(cases)) await tracer.close();

  function tracerWith(options) {
    const transport = {
      name: "drop",
      encode: (span) => span.spanId,
      size: () => 1024,
      send: async (batch) => batch.map(() => ({ kind: "delivered" })),
    };
    const delivery = new Delivery({ transport, faults: new Faults(undefined), options });
    return new Tracer({
      name: "drop",
      write: (span) => delivery.add(span),
      flush: ({ timeoutMs }) => delivery.flush(timeoutMs),
      close: () => delivery.close(),
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Microseconds that one `end()` takes. */
function timeEnds(tracer) {
  const spans = Array.from({ length: SPANS }, (_, i) =>
    tracer
      .startSpan("execute_tool")
      .addAttribute("ai.trace.type", "tool-invocation")
      .addAttribute("ai.conversation.id", "conversation-1")
      .addAttribute("ai.tool.output", "All work and no play makes Jack a dull boy. ".repeat(14) + i),
  );
  const start = performance.now();
  for (const span of spans) span.end();
  return ((performance.now() - start) * 1000) / SPANS;
}

/** What is below us: one write of 1 KB to a file, by Node. */
function timeWrites() {
  const file = openSync(join(folder, "bare"), "a");
  const bytes = Buffer.alloc(1024, "x");
  const start = performance.now();
  for (let i = 0; i < SPANS; i++) writeSync(file, bytes);
  const time = performance.now() - start;
  closeSync(file);
  return (time * 1000) / SPANS;
}

function quartile(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)];
}

/** Delivery is not exported by the package, so it is built from the sources. */
async function modules() {
  const outfile = join(folder, "modules.mjs");
  const src = fileURLToPath(new URL("../src", import.meta.url));
  const contents = `export { Delivery } from "./delivery/delivery.ts"; export { Faults } from "./tracing/faults.ts"; export { Tracer } from "./tracing/tracer.ts";`;
  const stdin = { contents, resolveDir: src, sourcefile: join(dirname(src), "src/bench.ts") };
  await build({ stdin, outfile, bundle: true, platform: "node", format: "esm", target: "node20" });
  return import(outfile);
}
