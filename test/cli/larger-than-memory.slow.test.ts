// What is larger than memory, or than one text can be: written, and brought into another store, by processes that may hold less than it has.
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { freshFolder, tracerOver } from "../sqlite/support.ts";

/** The built one: it has the page. */
const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const HEAP_MB = 64;
/** Twice what may be held. */
const MEGABYTES = 128;

/** What the command says, in a process that ends with a signal where it needs more. Node 22 warns of variables for colours before it. */
async function said(...args: readonly string[]): Promise<string> {
  const command = [`--max-old-space-size=${HEAP_MB}`, COMMAND, ...args];
  return (await promisify(execFile)(process.execPath, command)).stderr;
}

test("a conversation that is larger than memory is exported as a page, as lines, and imported again, slice by slice", async () => {
  const folder = freshFolder();
  const path = join(folder, "traces.db");
  const { tracer } = tracerOver(path, { retention: false });
  for (let turn = 0; turn < MEGABYTES; turn++) {
    tracer.trace("converse", (span) => {
      span.addAttribute("ai.conversation.id", "long", { inheritable: true });
      span.addAttributes({ "ai.trace.type": "converse", "ai.user.input": `Question ${turn}?` });
      tracer.trace("llm", (call) =>
        call.addAttributes({
          "ai.trace.type": "llm-invocation",
          "ai.llm.request.messages": [{ role: "user", content: [{ text: `word ${turn} `.repeat(100_000) }] }],
        }),
      );
    });
    await tracer.flush();
  }
  await tracer.close();
  const out = join(folder, "long.html");
  expect(await said("export", "--html", "long", "--out", out, path)).toContain(
    `conversation long, ${2 * MEGABYTES} spans, written to ${out}\n`,
  );
  expect((await readFile(out, "utf8")).endsWith("</html>\n")).toBe(true);
  const lines = join(folder, "lines.jsonl");
  await said("export", "--out", lines, path);
  const copy = join(folder, "copy.db");
  expect(await said("import", lines, copy)).toContain(`${2 * MEGABYTES} spans imported into copy.db.\n`);
});

test("a test is written of a conversation whose cassette is longer than one text can be", async () => {
  const folder = freshFolder();
  const path = join(folder, "traces.db");
  const { tracer } = tracerOver(path, { retention: false });
  const messages = [{ role: "user", content: [{ text: "word ".repeat(1_200_000) }] }];
  for (let turn = 0; turn < 100; turn++) {
    tracer.trace("converse", (span) => {
      span.addAttribute("ai.conversation.id", "long", { inheritable: true });
      span.addAttributes({ "ai.trace.type": "converse", "ai.user.input": "?", "ai.agent.response": "!" });
      tracer.trace("llm", (call) =>
        call.addAttributes({ "ai.trace.type": "llm-invocation", "ai.llm.request.messages": messages }),
      );
    });
    await tracer.flush();
  }
  await tracer.close();
  const out = join(folder, "long.test.ts");
  expect(await said("test", "long", "--out", out, path)).toContain("The cassette is ");
  expect((await stat(join(folder, "long.jsonl"))).size).toBeGreaterThan(2 ** 29);
});
