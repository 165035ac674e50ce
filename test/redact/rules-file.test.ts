// `--redact`: a file of rules as people write it, and what is said of one that cannot be.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { OtlpTracer } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { beforeAll, expect, it } from "vitest";
import { folder, jsonOf, outcomeOf, start, tracelight, useFolder } from "../cli/command.ts";

useFolder();

const TEXT = "C-123456 of ada@example.org, internal";

beforeAll(async () => {
  const tracer = new SqliteTracer({ path: join(folder, "rules.db"), retention: false });
  tracer.trace("work", (span) => span.addAttributes({ text: TEXT, accountNumber: 17, internal_note: "x" }));
  await tracer.close();
});

function file(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return name;
}

async function exported(...options: readonly string[]): Promise<unknown> {
  const outcome = await tracelight(["export", "rules.db", ...options], {
    env: { KEY: "a key of sixteen characters" },
  });
  return outcome.code === 0 ? jsonOf(outcome)[0]?.["attributes"] : outcome.stderr;
}

it("rules, names and what stands in their place are as the file says", async () => {
  const rules = file("rules.json", {
    rules: [{ label: "CUSTOMER", pattern: "\\bc-\\d{6}\\b", flags: "i" }],
    names: ["accountNumber", { pattern: "^internal_" }],
  });
  expect(await exported("--redact", rules)).toEqual({
    text: "[CUSTOMER] of ada@example.org, internal",
    accountNumber: "[SECRET]",
    internal_note: "[SECRET]",
  });
});

it("pseudonyms by a key of the environment are those of a program with that key", async () => {
  const rules = file("key.json", { rules: ["email"], replace: { pseudonym: { env: "KEY" } } });
  const [, pseudonym] = /(\[EMAIL [a-p]{12}\])/.exec(JSON.stringify(await exported("--redact", rules))) ?? [];
  const module = file(
    "key.mjs",
    'export default { rules: ["email"], replace: { pseudonym: "a key of sixteen characters" }, value: (v, name) => (name === "accountNumber" ? null : v) };',
  );
  expect(await exported("--redact", module)).toMatchObject({
    text: expect.stringContaining(`${pseudonym},`),
    accountNumber: null,
  });
});

it("alone, or as default, it stands for the built-in rules", async () => {
  const text = "C-123456 of [EMAIL], internal";
  expect(await exported("--redact")).toMatchObject({ text });
  expect(await exported("--redact", "default")).toMatchObject({ text });
});

it.each<[string, unknown, string]>([
  ["names.json", { name: ["x"] }, 'Unknown option "name"'],
  [
    "label.json",
    { rules: [{ label: "X", patern: "y" }] },
    'rules[0]: has no "patern"; it takes label, pattern, flags',
  ],
  ["pattern.json", { rules: [{ label: "X", pattern: "(" }] }, "rules[0]: Invalid regular expression"],
  ["unknown.json", { rules: ["emails"] }, "must be a list of private-key"],
  ["env.json", { replace: { pseudonym: { env: "NONE" } } }, "the environment has no NONE"],
  ["short.json", { replace: { pseudonym: "short" } }, "at least 16 characters"],
  ["fn.json", { value: "x" }, 'Option "value" of redact'],
  ["bad.json", "{", "cannot be read as JSON"],
  ["list.json", [], "redact takes an object of options"],
  ["none.mjs", "export const rules = [];", "redact takes an object of options"],
  ["throws.mjs", "throw new Error('no')", "cannot be loaded: no"],
  ["rules.db", "", "is no file of rules"],
])("%s is refused before anything is read", async (name, content, message) => {
  if (name !== "rules.db") file(name, content);
  const said = await exported("--redact", name);
  expect(said).toContain(message);
});

it("collect redacts before it stores, and view what it takes and shows", async () => {
  for (const command of ["collect", "view"]) {
    const child = start([command, `${command}.db`, "--port", "0", "--redact"]);
    const ended = outcomeOf(child);
    const url = await new Promise<string>((resolve) => {
      child.stdout?.once("data", (text: unknown) => resolve(String(text).trim()));
    });
    const origin = new URL(url).origin;
    const tracer = new OtlpTracer({ url: `${origin}/v1/traces` });
    tracer.trace("for ada@example.org", (span) => span.addAttribute("text", TEXT));
    await tracer.close();
    if (command === "view")
      expect(await (await fetch(`${origin}/api/rows?by=trace`)).text()).toContain("[EMAIL]");
    child.kill("SIGINT");
    expect((await ended).code).toBe(0);
    const { stdout } = await tracelight(["export", `${command}.db`]);
    expect(stdout).toContain("for [EMAIL]");
    expect(stdout).not.toContain("ada@");
  }
});
