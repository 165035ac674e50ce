// Finds circles of imports, those of types included, in the sources as they are written: tsc leaves imports of types out.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const COMMENT = /^\s*(?:\/\/|\/?\*).*$/gm;
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;

/** Sets of files of which each imports each other, over others or at once: sorted, and the smallest that there are. */
export function circlesIn(folder) {
  const imports = new Map(sourcesIn(folder).map((file) => [file, importsOf(join(folder, file))]));
  return stronglyConnected(imports)
    .filter((files) => files.length > 1 || imports.get(files[0]).includes(files[0]))
    .map((files) => files.sort())
    .sort();

  function importsOf(path) {
    const text = readFileSync(path, "utf8").replace(COMMENT, "");
    const found = [...text.matchAll(IMPORT)].map(([, to]) => normalize(join(dirname(path), to)));
    return found.map((file) => file.slice(folder.length + 1).replaceAll("\\", "/"));
  }
}

function sourcesIn(folder) {
  const files = readdirSync(folder, { recursive: true }).map((file) => file.replaceAll("\\", "/"));
  return files.filter((file) => file.endsWith(".ts")).sort();
}

/** Tarjan's: each file once, in sets in which one leads to all. */
function stronglyConnected(imports) {
  const found = [];
  const seen = new Map();
  const stack = [];
  const visit = (file) => {
    const at = { index: seen.size, low: seen.size, isOpen: true };
    seen.set(file, at);
    stack.push(file);
    for (const next of imports.get(file) ?? []) {
      const there = seen.get(next) ?? visit(next);
      if (there.isOpen) at.low = Math.min(at.low, there.low);
    }
    if (at.low === at.index) {
      const files = stack.splice(stack.indexOf(file));
      for (const each of files) seen.get(each).isOpen = false;
      found.push(files);
    }
    return at;
  };
  for (const file of imports.keys()) if (!seen.has(file)) visit(file);
  return found;
}
