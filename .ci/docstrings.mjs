// Checks that whoever hovers in an editor is told something: every exported name, and every public member, has a docstring. It
// reads the declarations in dist/ as tsc writes them: one declaration or member a line, what belongs to it indented further.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const { exports: entries } = JSON.parse(readFileSync("package.json", "utf8"));
const entryFiles = Object.values(entries).flatMap(({ types }) => types ?? []);

const EXPORT = /^export (?:type )?\{([^}]*)\} from "([^"]+)";$/gm;
const IMPORT = /^import (?:type )?\{([^}]*)\} from "(\.[^"]+)";$/gm;
const DECLARATION = /^export (?:declare )?(?:abstract )?(?:class|interface|type|const|function|enum) (\w+)/;
const MEMBER =
  /^ {4}(?:static |readonly |override |abstract |protected |get |set |async )*(\[[\w.]+\]|[\w.]+|"[^"]+")\??[(:<]/;
/** A class says in its own docstring how it is made, and what is private is nobody's to hover. */
const NEEDS_NONE = /^(?:constructor|private|#private)$/;

const problems = [];
let names = 0;
let members = 0;
for (const entry of entryFiles) {
  for (const [, list, from] of readFileSync(entry, "utf8").matchAll(EXPORT)) {
    const file = join(dirname(entry), from.replace(/\.js$/, ".d.ts"));
    for (const name of namesIn(list)) check(file, name);
  }
}

for (const problem of [...new Set(problems)].sort()) console.error(problem);
console.log(`${names} exported names, ${members} members, ${new Set(problems).size} without a docstring`);
// A checker that reads nothing is green too.
process.exitCode = problems.length > 0 || names < 100 || members < 300 ? 1 : 0;

/** The names under which a module has what an entry point gives on. */
function namesIn(list) {
  const parts = list.split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "").map((part) => part.replace(/^type /, "").split(" as ")[0]);
}

function check(file, name) {
  const lines = readFileSync(file, "utf8").split("\n");
  const at = lines.findIndex((line) => DECLARATION.exec(line)?.[1] === name);
  if (at < 0) return checkElsewhere(file, name);
  names++;
  if (!isDocumented(lines, at)) problems.push(`${file}: ${name}`);
  if (/\b(?:class|interface) |= \{$|\{$/.test(lines[at])) checkMembers(lines, at, `${file}: ${name}`);
  checkBase(file, lines[at], lines);
}

/** The members of the class above it, in another module, are a class's own to whoever hovers. */
function checkBase(file, declaration, lines) {
  const base = /^export declare (?:abstract )?class \w+ extends (\w+)/.exec(declaration)?.[1];
  if (base === undefined) return;
  const imports = [...lines.join("\n").matchAll(IMPORT)];
  const from = imports.find(([, list]) => namesIn(list).includes(base))?.[2];
  if (from !== undefined) check(join(dirname(file), from.replace(/\.js$/, ".d.ts")), base);
}

/** A module may give on what another one declares. */
function checkElsewhere(file, name) {
  const given = [...readFileSync(file, "utf8").matchAll(EXPORT)].find(([, list]) =>
    namesIn(list).includes(name),
  );
  if (given === undefined) return void problems.push(`${file}: ${name} is declared nowhere`);
  check(join(dirname(file), given[2].replace(/\.js$/, ".d.ts")), name);
}

/** Of overloads one with a docstring is enough. */
function checkMembers(lines, from, owner) {
  const documented = new Map();
  for (let at = from + 1; at < lines.length && !lines[at].startsWith("}"); at++) {
    const member = MEMBER.exec(lines[at])?.[1];
    if (member === undefined || NEEDS_NONE.test(member)) continue;
    documented.set(member, documented.get(member) === true || isDocumented(lines, at));
  }
  members += documented.size;
  for (const [member, isSo] of documented) if (!isSo) problems.push(`${owner}.${member}`);
}

function isDocumented(lines, at) {
  return lines[at - 1]?.trimEnd().endsWith("*/") === true;
}
