// The documentation is true, that in the sources too: its examples run and print what it says, its links lead somewhere, its lists
// are complete.
import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { llmsText } from "../scripts/llms.mjs";
import { ERROR_CODES } from "../src/model/error-codes.ts";
import { VERSION } from "../src/model/version.ts";

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUILT = join(ROOT, "build/docs");
const HOST = fileURLToPath(new URL("docs-host.mjs", import.meta.url));
/** Programs at once. */
const AT_ONCE = 2;

/** A fenced block of code: `ts` runs, `typescript` is only compiled, since it needs what is not there. */
interface Block {
  /** The path of its page or source. */
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** What the program prints: the text block that follows directly, or, in a source, the comments behind its code. */
  readonly output: string | undefined;
}

const docs = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
const pages = ["README.md", "CONTRIBUTING.md", ...docs.map((name) => `docs/${name}`)].filter((page) =>
  existsSync(join(ROOT, page)),
);
const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `src/${name.replaceAll("\\", "/")}`);
/** What each entry point exports; of types with `type` before the name. */
const faces: Readonly<Record<string, string | { default: string }>> = JSON.parse(
  read("package.json"),
).exports;
const entries = Object.entries(faces).flatMap(([path, face]) =>
  typeof face === "string"
    ? []
    : [[`tracelight${path.slice(1)}`, exportsOf(read(sourceOf(face.default)))] as const],
);
const blocks = [
  ...pages.flatMap((page) => blocksOf(page, read(page))),
  ...sources.flatMap((source) => examplesOf(source, read(source))),
];
const programs = blocks.filter(({ language }) => language === "ts");
const waiting: (() => void)[] = [];
/** Those that have nothing to do. */
const hosts: ChildProcess[] = [];

beforeAll(async () => {
  if (!existsSync(join(ROOT, "dist/index.js"))) await node("scripts/ready.mjs");
  rmSync(BUILT, { recursive: true, force: true });
  mkdirSync(BUILT, { recursive: true });
  for (const block of blocks) writeFileSync(join(BUILT, `${nameOf(block)}.ts`), block.code);
  writeFileSync(join(BUILT, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await compile(programs);
  for (let i = 0; i < AT_ONCE; i++) hosts.push(fork(HOST, { env: environment() }));
});
afterAll(() => {
  for (const host of hosts) host.kill();
});

describe("the examples", () => {
  it("are there", () => {
    expect(programs.length).toBeGreaterThan(20);
    for (const name of docs) expect(pages).toContain(`docs/${name}`);
  });

  it("in the sources are all seen", () => {
    const examples = sources.flatMap((source) => read(source).match(/^ *\* @example$/gm) ?? []);
    expect(blocks.filter(({ page }) => page.startsWith("src/"))).toHaveLength(examples.length);
  });

  it("compile as strict TypeScript", async () => {
    await node("node_modules/typescript/bin/tsc", "-p", BUILT);
  });

  it.concurrent.each(programs.map((block) => [`${block.page}, line ${block.line}`, block] as const))(
    "%s",
    async (_where, block) => {
      const printed = await withHost((host) => printedBy(block, host));
      expect(normal(printed)).toBe(normal(block.output ?? ""));
    },
  );
});

describe("the pages", () => {
  it("are all in the index", () => {
    const listed = linksOf("docs/README.md").map(({ target }) => target);
    expect(listed.filter((target) => !target.includes("/")).sort()).toEqual(
      docs.filter((name) => name !== "README.md").sort(),
    );
  });

  it("are those of llms.txt: node scripts/llms.mjs writes it", () => {
    expect(read("docs/llms.txt")).toBe(llmsText());
  });

  it("link to what is there", () => {
    const links = pages.flatMap((page) => linksOf(page));
    expect(links.length).toBeGreaterThan(docs.length);
    expect(links.filter(isBroken)).toEqual([]);
  });

  it("list every error code, as the table in the source has it", () => {
    const rows = read("docs/errors.md").match(/^\| `[A-Z_]+` \|.*$/gm) ?? [];
    const wanted = Object.entries(ERROR_CODES).map(
      ([code, { means, mend }]) => `| \`${code}\` | ${means} | ${mend} |`,
    );
    expect(rows).toEqual(wanted);
  });
});

it("the version in the source is the package's", () => {
  expect(JSON.parse(read("package.json")).version).toBe(VERSION);
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function blocksOf(page: string, markdown: string): Block[] {
  const fence = /^```(ts|typescript)\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```$)?/gm;
  return [...markdown.matchAll(fence)].map(({ 1: language = "", 2: code = "", 3: output, index }) => {
    const line = markdown.slice(0, index).split("\n").length;
    return { page, line, language, code, output };
  });
}

/** The examples in the docstrings of a source. What they use of the package is imported for them. */
function examplesOf(page: string, source: string): Block[] {
  const fence = /^ *\* @example\n *\* ```(ts|typescript)\n([\s\S]*?)^ *\* ```$/gm;
  return [...source.matchAll(fence)].map(({ 1: language = "", 2: text = "", index }) => {
    const line = source.slice(0, index).split("\n").length;
    const example = text.replace(/^ *\* ?/gm, "").replaceAll("\\@", "@");
    const said = [...example.matchAll(/\S \/\/ (.*)$/gm)].map(([, printed]) => printed);
    const code = `${importsFor(page, source, example)}${example}export {};\n`;
    return { page, line, language, code, output: said.join("\n") };
  });
}

/** Of the package's entry points, and of the source itself where it is within. */
function importsFor(page: string, source: string, example: string): string {
  const own = [...source.matchAll(/^export (?:async )?(?:class|function|const) (\w+)/gm)];
  const places = [...entries, [`../../${page}`, own.map(([, name = ""]) => name)] as const];
  const seen = new Set<string>();
  const lines = places.map(([from, names]) => {
    const wanted = names.filter((name) => !seen.has(name) && isUsed(name.replace(/^type /, ""), example));
    for (const name of wanted) seen.add(name);
    return wanted.length === 0 ? "" : `import { ${wanted.join(", ")} } from "${from}";\n`;
  });
  return lines.join("");
}

function isUsed(name: string, code: string): boolean {
  return new RegExp(`(?<!\\w|(?<!\\.)\\.)${name}\\b`).test(code);
}

/** Entry points lie in the sources as they do in the package. */
function sourceOf(file: string): string {
  return file.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts");
}

function exportsOf(entry: string): string[] {
  const groups = [...entry.matchAll(/^export (type )?\{([^}]*)\}/gm)];
  return groups.flatMap(([, type = "", names = ""]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .map((name) => type + name),
  );
}

function nameOf({ page, line }: Block): string {
  return `${page.replace(/\.(md|ts)$/, "").replaceAll("/", "-")}-${line}`;
}

/** In one go: what they have of the sources in them is read once. */
async function compile(blocks: readonly Block[]): Promise<void> {
  await build({
    entryPoints: blocks.map((block) => join(BUILT, `${nameOf(block)}.ts`)),
    outdir: BUILT,
    // An example of what is within has the source in it; the package is found as users find it.
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20.19",
    logLevel: "silent",
  });
}

/** What a block prints as a program of its own. Rejects, with what it said, where it fails. */
async function printedBy(block: Block, host: ChildProcess): Promise<string> {
  const path = join(BUILT, `${nameOf(block)}.js`);
  // What it writes is its own.
  const cwd = path.replace(/\.js$/, "");
  mkdirSync(cwd);
  host.send({ path, cwd });
  const [{ code, stdout, stderr, failure }] = await once(host, "message");
  if (code !== 0) throw new Error(`It ended with ${code}: ${failure}\n${stdout}${stderr}`);
  return stdout;
}

async function node(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, env: environment() }).catch(
    ({ message, stdout = "", stderr = "" }) => {
      throw new Error(`${message}\n${stdout}${stderr}`);
    },
  );
  return stdout;
}

/** No credentials, no colours: what an example prints does not hang on who runs it. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|NO_COLOR|FORCE_COLOR|NODE_|VITEST)/.test(name),
  );
  return {
    ...Object.fromEntries(own),
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  };
}

async function withHost<T>(work: (host: ChildProcess) => Promise<T>): Promise<T> {
  if (hosts.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  const host = hosts.pop();
  if (host === undefined) throw new Error("No host is free.");
  try {
    return await work(host);
  } finally {
    hosts.push(host);
    waiting.shift()?.();
  }
}

/** What differs from run to run, by its place: ids in the order in which they appear, times, durations, ports. */
function normal(output: string): string {
  const ids = new Map<string, string>();
  const named = (id: string): string => {
    if (!ids.has(id)) ids.set(id, `id-${ids.size + 1}`);
    return ids.get(id) ?? id;
  };
  return output
    .replace(/\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b/g, named)
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<time>")
    .replace(/\b\d+(\.\d+)? ?(µs|ms|s)(?![\p{L}\d])/gu, "<duration>")
    .replace(/(duration_?ms"?: ?)\d+(\.\d+)?/gi, "$1<n>")
    .replace(/(127\.0\.0\.1|localhost):\d+/g, "$1:<port>")
    .replace(/[ \t]+$/gm, "")
    .trimEnd();
}

interface Link {
  readonly page: string;
  readonly target: string;
}

/** Relative links of a page, code left out. */
function linksOf(page: string): Link[] {
  const prose = read(page).replace(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => ({ page, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

function isBroken({ page, target }: Link): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return true;
  return anchor !== undefined && !anchorsOf(file).includes(anchor);
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(file: string): string[] {
  const headings = read(file).match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The package is found as users find it, by its exports; examples may be written as users write. */
const TSCONFIG = {
  extends: "../../tsconfig.json",
  compilerOptions: { paths: {}, noUnusedLocals: false, noUnusedParameters: false, erasableSyntaxOnly: false },
  include: ["*.ts"],
};
