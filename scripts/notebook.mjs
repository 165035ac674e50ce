// Makes examples/tracing-101.ipynb of examples/tracing-101.ts, keeping the outputs of cells whose code is the same.
// With --check it only says whether the notebook is up to date. Outputs come from `.ci/notebook.py … --write`.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../examples/tracing-101.ts", import.meta.url));
const target = source.replace(/\.ts$/, ".ipynb");

const before = existsSync(target) ? JSON.parse(readFileSync(target, "utf8")) : { cells: [] };
const cells = cellsOf(readFileSync(source, "utf8")).map(withOutputs);
if (process.argv.includes("--check")) {
  const same =
    cells.length === before.cells.length && cells.every((cell, i) => text(cell) === text(before.cells[i]));
  if (!same)
    console.error("examples/tracing-101.ipynb is behind tracing-101.ts: run `node scripts/notebook.mjs`.");
  process.exit(same ? 0 : 1);
}
const kernelspec = { display_name: "Deno", language: "typescript", name: "deno" };
const metadata = {
  kernelspec,
  language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
};
writeFileSync(target, `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`);

/** A text cell for each run of `//:` lines, a code cell for the code up to the next. */
function cellsOf(program) {
  const cells = [];
  for (const line of program.slice(program.indexOf("//: ")).split("\n")) {
    if (line.endsWith("//-")) continue;
    const kind = line.startsWith("//:") ? "markdown" : "code";
    if (cells.at(-1)?.kind !== kind) cells.push({ kind, lines: [] });
    cells.at(-1).lines.push(line.replace(/^\/\/: ?/, "").replace(/^\/\/\+ /, ""));
  }
  return cells.map(({ kind, lines }) => ({ kind, code: tidy(lines) })).filter(({ code }) => code !== "");
}

/** Without the blank lines that left-out ones leave behind. */
function tidy(lines) {
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function withOutputs({ kind, code }, i) {
  const source = code.split(/(?<=\n)/);
  const cell = { cell_type: kind, id: `cell-${String(i).padStart(2, "0")}`, metadata: {}, source };
  if (kind === "markdown") return cell;
  const old = before.cells.find((other) => text(other) === code);
  return { ...cell, execution_count: old?.execution_count ?? null, outputs: old?.outputs ?? [] };
}

function text(cell) {
  return [cell.source].flat().join("");
}
