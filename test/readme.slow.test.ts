// The README typed from top to bottom in an empty folder, and the package that it comes in.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const UNTIL_CTRL_C = /^npx tracelight (tail|collect|view)\b/;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tracelight-readme-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("each line works in its turn, in an empty folder", async () => {
  const typed = README.slice(README.indexOf("## Install"), README.indexOf("## Why"));
  const blocks = [...typed.matchAll(/^```(sh|ts)\n([\s\S]*?)^```$/gm)];
  expect(blocks.map(([, language]) => language)).toEqual(["sh", "ts", "sh", "sh"]);
  let said = "";
  for (const [, language, code = ""] of blocks) {
    if (language === "ts") {
      writeFileSync(join(folder, "agent.js"), code);
      said += await type("node agent.js");
    } else for (const line of code.trim().split("\n")) said += await type(line.replace(/ +# .*/, ""));
  }
  expect(said).toMatch(/^assistant +Yes, the sky is clear\.$/m);
  expect(said).toMatch(/^Conversation 42$/m);
  expect(said).toMatch(/^gpt-5-mini +2 /m);
});

/** What a line says, as a shell runs it. Rejects where it fails. */
async function type(line: string): Promise<string> {
  if (line.startsWith("npm install ")) return installed(line.slice("npm install ".length));
  if (UNTIL_CTRL_C.test(line)) return interrupted(line);
  const { stdout } = await run("bash", ["-c", line.replace(/^npx tracelight/, tracelight())], options());
  return stdout;
}

/** No registry: what is there already. */
function installed(name: string): string {
  const place = join(folder, "node_modules", name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(name === "tracelight" ? ROOT : join(ROOT, "node_modules", name), place);
  return "";
}

function tracelight(): string {
  return `'${process.execPath}' node_modules/tracelight/${JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).bin.tracelight}`;
}

/** A line that runs until Ctrl-C, which comes when it has said something. */
async function interrupted(line: string): Promise<string> {
  const port = / (collect|view)\b/.test(line) ? " --port 0" : "";
  const child = spawn(
    "bash",
    ["-c", `exec ${line.replace(/^npx tracelight/, tracelight())}${port}`],
    options(),
  );
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    child.kill("SIGINT");
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect({ line, code }).toEqual({ line, code: 0 });
  return said;
}

function options(): { cwd: string; env: NodeJS.ProcessEnv } {
  const { FORCE_COLOR: _force, NO_COLOR: _no, ...env } = process.env;
  return { cwd: folder, env: { ...env, COLUMNS: "120" } };
}

describe("the package", () => {
  let packed: { readonly size: number; readonly files: readonly { readonly path: string }[] };

  beforeAll(async () => {
    const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: ROOT,
      maxBuffer: 2 ** 24,
    });
    [packed] = JSON.parse(stdout);
  });

  test("is small, and has no source twice", () => {
    expect(packed.size).toBeLessThan(960_000);
    expect(packed.files.filter(({ path }) => path.endsWith(".map") || path.startsWith("src/"))).toEqual([]);
  });

  test("holds what its README and its pages link to", () => {
    const paths = new Set(packed.files.map(({ path }) => path));
    const folders = new Set([...paths].map((path) => dirname(path)));
    const pages = [...paths].filter((path) => path.endsWith(".md") && path !== "CHANGELOG.md");
    expect(pages).toContain("README.md");
    const missing = pages.flatMap((page) =>
      linksOf(page).filter((target) => !paths.has(target) && !folders.has(target)),
    );
    expect(missing).toEqual([]);
  });
});

/** The files that a page links to, code left out. */
function linksOf(page: string): string[] {
  const prose = readFileSync(join(ROOT, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => normalize(join(dirname(page), target)).replace(/\/$/, ""));
}
