// The files of dist/ that all entry points share: core.js, which `import "tracelight"` loads, and what it needs only later.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/**
 * Where the core calls what it needs only when something is shown, asked for or priced, and that at once: functions alone, else the
 * build fails. What lies behind is a function of core.js that nobody calls before: Node reads it, and compiles it at the first call.
 */
const DOORS = [
  "src/conventions/facts.ts",
  "src/conventions/matches.ts",
  "src/model/where.ts",
  "src/prices/prices.ts",
  "src/render/human-readable.ts",
  "src/tracing/select.ts",
  "src/tracing/summaries.ts",
];
const LAZY = "tracelight:lazy";

/**
 * The modules that each file is made of: esbuild alone would make a chunk for each set of entry points that share a module, and
 * `import "tracelight"` would load twenty files. `reads.js` is what the public face imports dynamically; `lazy.js` has for others what
 * lies behind the doors.
 */
export async function partsOf(face, options) {
  const { metafile } = await build({ ...options, ...ANALYSED, entryPoints: [face] });
  const reached = (isFollowed) => {
    const seen = new Set();
    const next = [face];
    for (let path = next.pop(); path !== undefined; path = next.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const imports = metafile.inputs[path].imports.filter((one) => !one.external && isFollowed(one));
      next.push(...imports.map((one) => one.path));
    }
    seen.delete(face);
    return seen;
  };
  const isStatic = ({ kind }) => kind !== "dynamic-import";
  const core = reached((one) => isStatic(one) && !DOORS.includes(one.path));
  const atOnce = reached(isStatic);
  const all = reached(() => true);
  const lazy = [...atOnce].filter((path) => !core.has(path));
  return { core: [...core], lazy, reads: [...all].filter((path) => !atOnce.has(path)) };
}

/** Writes the files, each with the names that others import: each name that an ES module exports costs time when it is loaded. */
export async function buildParts(parts, options) {
  const origins = await originsOf([...parts.core, ...parts.lazy, ...parts.reads]);
  await buildPart("reads", {
    parts,
    options,
    contents: parts.reads.map((path) => `export * from "./${path}";`),
  });
  const behind = [...origins].filter(([, module]) => parts.lazy.includes(module)).map(([name]) => name);
  writeFileSync("dist/lazy.js", `import{lazy}from"./core.js";export const{${behind.join(",")}}=lazy();\n`);
  const lazy = await lazyFunction(parts, options);
  const contents = namesTaken().map((name) =>
    name === "lazy" ? `export { lazy } from "${LAZY}";` : `export { ${name} } from "./${origins.get(name)}";`,
  );
  const plugins = [doors(lazy.door, origins)];
  await buildPart("core", { parts, options: { ...options, plugins, footer: { js: lazy.code } }, contents });
  await checkDoors(origins);
}

/** Imports of shared modules become imports of their file, but within the part that is built; the face finds doors in the core. */
export function fromParts(parts, folderFrom, { own, face } = {}) {
  return {
    name: "from parts",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir, importer }) => {
        const module = relative(".", join(resolveDir, path)).replaceAll("\\", "/");
        const home = Object.keys(parts).find((name) => parts[name].includes(module));
        const part = home === "lazy" && importer === face ? "core" : home;
        if (part === undefined || part === own) return undefined;
        return { path: `${folderFrom(importer)}${part}.js`, external: true };
      });
    },
  };
}

const ANALYSED = { write: false, metafile: true, outdir: "dist" };

async function buildPart(own, { parts, options, contents }) {
  const stdin = { contents: contents.join("\n"), resolveDir: ".", sourcefile: `${own}.ts` };
  const plugins = [...(options.plugins ?? []), fromParts(parts, () => "./", { own })];
  return build({ ...options, stdin, plugins, outfile: `dist/${own}.js` });
}

/** The module that each exported name is of. */
async function originsOf(entryPoints) {
  const { metafile } = await build({ ...ANALYSED, entryPoints, format: "esm" });
  const origins = new Map();
  for (const { entryPoint, exports } of Object.values(metafile.outputs)) {
    for (const name of exports) {
      if (origins.has(name)) throw new Error(`${origins.get(name)} and ${entryPoint} both export ${name}`);
      origins.set(name, entryPoint);
    }
  }
  return origins;
}

/** What the files that are there import of the core. */
function namesTaken() {
  const files = readdirSync("dist", { recursive: true }).filter((file) => file.endsWith(".js"));
  const lists = files.flatMap((file) => {
    const text = readFileSync(join("dist", file), "utf8");
    if (WHOLE_CORE.test(text))
      throw new Error(`${file} imports a module of the core whole: import its names`);
    return [...text.matchAll(/import\{([^}]*)\}from"\.\.?\/core\.js"/g)];
  });
  return [...new Set(lists.flatMap(([, list]) => list.split(",").map((one) => one.trim().split(" as ")[0])))];
}

const WHOLE_CORE = /import\("\.\.?\/core\.js"\)|import\s*\*\s*as [\w$]+ from"\.\.?\/core\.js"/;

/**
 * What lies behind the doors as the code of a function, which takes what it imports and gives what it exports, and the module that
 * calls it once.
 */
async function lazyFunction(parts, options) {
  const all = { parts, contents: parts.lazy.map((path) => `export * from "./${path}";`) };
  const { outputFiles } = await buildPart("lazy", { ...all, options: { ...options, write: false } });
  const taken = [];
  const given = new Map();
  const body = outputFiles[0].text
    .replace(/import\s*(?:\*\s*as ([\w$]+) |\{([^}]*)\})from"([^"]+)";/g, (_, whole, names, from) => {
      taken.push(`const ${whole ?? `{${names.replaceAll(" as ", ":")}}`}=given["${from}"];`);
      const wanted = given.get(from) ?? new Set();
      given.set(from, wanted);
      for (const name of names?.split(",") ?? []) wanted.add(name.trim().split(" as ")[0]);
      return "";
    })
    .replace(
      /export\{([^}]*)\};\s*$/,
      (_, names) => `return{${names.replace(/([\w$]+) as ([\w$]+)/g, "$2:$1")}}`,
    );
  return { code: `function lazyPart(given){${taken.join("")}${body}}`, door: { given } };
}

/** In the core, the modules behind doors are functions that call those of the lazy part. */
function doors({ given }, origins) {
  return {
    name: "doors",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const module = relative(".", join(resolveDir, path)).replaceAll("\\", "/");
        return DOORS.includes(module) ? { path: module, namespace: "door" } : undefined;
      });
      onResolve({ filter: new RegExp(`^${LAZY}$`) }, () => ({ path: LAZY, namespace: "lazy" }));
      onLoad({ filter: /./, namespace: "door" }, ({ path }) => {
        const names = [...origins].filter(([, module]) => module === path).map(([name]) => name);
        const calls = names.map(
          (name) => `export function ${name}(...all) { return lazy().${name}(...all); }`,
        );
        return { contents: `import { lazy } from "${LAZY}";\n${calls.join("\n")}`, resolveDir: "." };
      });
      onLoad({ filter: /./, namespace: "lazy" }, () => ({
        contents: lazyModule(given, origins),
        resolveDir: ".",
      }));
    },
  };
}

function lazyModule(given, origins) {
  const files = [...given].map(([from, names], i) => {
    if (names.size === 0)
      return { line: `import * as module${i} from "${from}";`, is: `"${from}": module${i}` };
    const own = [...names];
    const lines = own.map((name) => {
      const origin = from === "./core.js" ? `./${origins.get(name)}` : from;
      return `import { ${name} } from "${origin}";`;
    });
    return { line: lines.join("\n"), is: `"${from}": { ${own.join(", ")} }` };
  });
  return `${files.map(({ line }) => line).join("\n")}
    let made;
    export function lazy() { return made ??= lazyPart({ ${files.map(({ is }) => is).join(", ")} }); }`;
}

/** A door that is no function would be one all the same. */
async function checkDoors(origins) {
  const core = await import(pathToFileURL("dist/core.js").href);
  const behind = core.lazy();
  for (const [name, module] of origins) {
    if (!DOORS.includes(module) || typeof behind[name] === "function") continue;
    if (readFileSync("dist/core.js", "utf8").includes(`lazy().${name}(`))
      throw new Error(`The core imports ${name} of ${module}, which is no function: keep it elsewhere.`);
  }
}
