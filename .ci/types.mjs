// Compiles a strict program against the declarations with each TypeScript, in each way of resolving modules, and checks that every
// optional property of what users give takes undefined: node .ci/types.mjs TARBALL TOOLS
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const COMPILERS = ["5.0", "5.4", "5.9", "6.0", "7.0"];
const RESOLUTIONS = { node10: "commonjs", node16: "node16", nodenext: "nodenext", bundler: "esnext" };
const LIBRARIES = ["es2020", "esnext"];
/** What TypeScript 7 has no more, and 6 has for the last time. */
const GONE = { "7.0": ["node10"] };
const DEPRECATED = { "6.0": ["node10"] };
/** The compiler whose interface is asked about the declarations. */
const ASKED = "6.0";
const INSTALLED = ["@types/node", "undici-types", "@opentelemetry/api", "@aws-sdk/client-dynamodb"];

const [tarball, tools] = process.argv.slice(2).map((path) => resolve(path));
const repository = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "tracelight-types-"));

try {
  prepare();
  const cases = COMPILERS.flatMap((compiler) =>
    Object.keys(RESOLUTIONS)
      .filter((resolution) => !GONE[compiler]?.includes(resolution))
      .map((resolution, i) => ({ compiler, resolution, library: LIBRARIES[i % LIBRARIES.length] })),
  );
  const problems = await compileAll(cases);
  problems.push(...refusingUndefined());
  for (const problem of problems) console.error(problem);
  console.log(`${cases.length} compilations, ${problems.length} problems`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function prepare() {
  const installed = join(folder, "node_modules/tracelight");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["xzf", tarball, "-C", installed, "--strip-components=1"]);
  for (const name of INSTALLED) {
    mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(join(repository, "node_modules", name), join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  cpSync(join(repository, ".ci/types-app.ts"), join(folder, "app.ts"));
}

/** Two at a time. */
async function compileAll(cases) {
  const waiting = [...cases];
  const problems = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const said = await compile(next);
      if (said !== "") problems.push(`${Object.values(next).join(", ")}:\n${said}`);
    }
  };
  await Promise.all([work(), work()]);
  return problems;
}

/** What the compiler says. */
function compile({ compiler, resolution, library }) {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
    ...{ module: RESOLUTIONS[resolution], moduleResolution: resolution },
    ...{ target: "es2020", lib: [library], types: ["node"] },
    ...(DEPRECATED[compiler]?.includes(resolution) ? { ignoreDeprecations: compiler } : {}),
  };
  const project = join(folder, `${compiler}-${resolution}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions, files: ["app.ts"] }));
  const tsc = join(tools, `node_modules/typescript${compiler}/bin/tsc`);
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "-p", project], (error, stdout) =>
      resolve(error ? stdout || error.message : ""),
    );
  });
}

/** The optional properties of parameters, at any depth, that refuse an undefined one under exactOptionalPropertyTypes. */
function refusingUndefined() {
  const ts = createRequire(join(tools, "package.json"))(`typescript${ASKED}`);
  const { exports } = JSON.parse(readFileSync(join(folder, "node_modules/tracelight/package.json"), "utf8"));
  const roots = Object.values(exports)
    .filter(({ types }) => types !== undefined)
    .map(({ types }) => join(folder, "node_modules/tracelight", types));
  const options = { module: ts.ModuleKind.NodeNext, strict: true, exactOptionalPropertyTypes: true };
  const program = ts.createProgram(roots, { ...options, typeRoots: [join(folder, "node_modules/@types")] });
  const checker = program.getTypeChecker();
  const seen = new Set();
  const refusing = new Set();
  for (const root of roots) {
    for (const symbol of checker.getExportsOfModule(
      checker.getSymbolAtLocation(program.getSourceFile(root)),
    )) {
      takes(valueBehind(symbol));
    }
  }
  assert.ok(seen.size > 20, `only ${seen.size} types are taken as parameters`);
  return [...refusing].map((name) => `${name} refuses undefined`);

  function valueBehind(symbol) {
    const found = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return found.flags & ts.SymbolFlags.Value ? checker.getTypeOfSymbol(found) : undefined;
  }

  /** What a function takes, and what a class's constructor, statics and methods do. */
  function takes(type) {
    if (type === undefined) return;
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      for (const parameter of signature.getParameters()) given(checker.getTypeOfSymbol(parameter));
      if (type.getConstructSignatures().length > 0) methods(signature.getReturnType());
    }
    methods(type);
  }

  function methods(type) {
    for (const property of type.getProperties()) {
      const isOurs = property.declarations?.some((node) => ts.isMethodDeclaration(node) && isInside(node));
      if (isOurs) takes(checker.getTypeOfSymbol(property));
    }
  }

  function given(type) {
    if (type.isUnionOrIntersection()) return type.types.forEach(given);
    for (const argument of checker.getTypeArguments(type) ?? []) given(argument);
    if (seen.has(type) || !type.symbol?.declarations?.some((node) => isPlain(node) && isInside(node))) return;
    seen.add(type);
    for (const property of type.getProperties()) field(type, property);
  }

  function field(type, property) {
    const node = property.declarations?.find(ts.isPropertySignature);
    if (node === undefined || !isInside(node)) return;
    const own = node.type && checker.getTypeFromTypeNode(node.type);
    if (node.questionToken && own && !takesUndefined(own)) {
      refusing.add(`${type.aliasSymbol?.name ?? type.symbol.name}.${property.name}`);
    }
    if (own) given(own);
  }

  function takesUndefined(type) {
    const wide = ts.TypeFlags.Undefined | ts.TypeFlags.Unknown | ts.TypeFlags.Any;
    return (type.isUnion() ? type.types : [type]).some(({ flags }) => (flags & wide) !== 0);
  }

  function isPlain(node) {
    return ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node);
  }

  /** Declarations of the package, but for what OpenTelemetry's SDK makes by its own types, and for records, which are JSON. */
  function isInside(node) {
    const { fileName } = node.getSourceFile();
    const owner = ts.findAncestor(node, ts.isInterfaceDeclaration);
    if (fileName.endsWith("/otel/sdk.d.ts") || owner?.name.text.endsWith("Record")) return false;
    return fileName.includes("/tracelight/dist/");
  }
}
