// Without OpenTelemetry's API, with another major of it, and with a second copy of Tracelight.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { trace } from "@opentelemetry/api";
import { build } from "esbuild";
import { InMemoryTracer } from "tracelight";
import { inject, registerTracer } from "tracelight/otel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageCopy } from "../tracing/package-copy.ts";

const run = promisify(execFile);
const folder = realpathSync(mkdtempSync(join(tmpdir(), "tracelight-otel-")));

beforeAll(async () => {
  const contents = 'export * from "./index.ts"; export * from "./otel/index.ts";';
  await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("../../src", import.meta.url)) },
    ...{ bundle: true, packages: "external", platform: "node", format: "esm", logLevel: "error" },
    outfile: join(folder, "tracelight.mjs"),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program prints that imports the package from a folder without OpenTelemetry. */
async function printed(code: string): Promise<string> {
  writeFileSync(join(folder, "app.mjs"), `import * as t from "./tracelight.mjs";\n${code}`);
  const { stdout } = await run(process.execPath, [join(folder, "app.mjs")], { cwd: folder });
  return stdout.trim();
}

const CODES = `
  const codeOf = (fn) => { try { fn(); } catch (error) { return error.code; } };
  console.log(codeOf(() => t.registerTracer(new t.InMemoryTracer())), codeOf(() => new t.TracelightSpanProcessor(new t.InMemoryTracer())));
`;

describe("the package @opentelemetry/api", () => {
  it("is named where it is missed", async () => {
    expect(await printed(CODES)).toBe("MISSING_DEPENDENCY MISSING_DEPENDENCY");
  });

  it("is not needed to pass a trace on", async () => {
    const parent = '{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }';
    const line = await printed(`console.log(t.extract(t.inject({}, ${parent})).spanId)`);
    expect(line).toBe("b7ad6b7169203331");
  });

  it("is refused where it is of another major", async () => {
    const home = join(folder, "node_modules/@opentelemetry/api");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "index.js"), "exports.trace = {};");
    expect(await printed(CODES)).toBe("OTEL_MISMATCH OTEL_MISMATCH");
  });
});

describe("another copy of Tracelight", () => {
  it("nests with the spans of OpenTelemetry's API, and they with its own", async () => {
    using copy = await PackageCopy.make();
    const other = copy.require();
    if (!isTracelight(other)) throw new Error("require gave no tracelight");
    const [ours, theirs] = [new InMemoryTracer(), new other.InMemoryTracer()];
    const undo = registerTracer(ours);
    const library = trace.getTracer("a library");
    library.startActiveSpan("outer", (outer) => {
      theirs.withContext({}, () =>
        theirs.trace("of the copy", (span) => {
          expect(span.parentSpanId).toBe(outer.spanContext().spanId);
          expect(trace.getActiveSpan()?.spanContext().spanId).toBe(span.spanId);
          expect(inject<Record<string, string>>({})["traceparent"]).toContain(span.spanId);
          library.startSpan("inner").end();
        }),
      );
      outer.end();
    });
    undo();
    const inner = ours.getTraces().find(({ spanName }) => spanName === "inner");
    expect(inner?.parentSpanId).toBe(theirs.getTraces()[0]?.spanId);
  });
});

function isTracelight(module: unknown): module is typeof import("tracelight") {
  return typeof module === "object" && module !== null && "InMemoryTracer" in module;
}
