// Shorter code that does the same: a smaller package, which Node compiles in less time.
import { transform } from "esbuild";
import { minify, parse, Visitor } from "vite";

/**
 * The code of a module with short names for what is local. Functions, classes and methods keep theirs, for those who read a stack;
 * and lines stay short, since Node prints the line of an error that nobody caught.
 */
export async function shorten(code, name) {
  const mangle = { toplevel: false, keepNames: true };
  const isModule = !name.endsWith(".cjs");
  const { code: short, errors } = await minify(name, code, { module: isModule, compress: false, mangle });
  if (errors.length > 0) throw new Error(`${name} is not shortened: ${errors[0].message}`);
  const named = await withMethodsOf(code, short, name);
  const written = await transform(named, { minifyWhitespace: true, minifySyntax: true, ...TARGET });
  return written.code;
}

/** The short code with the private methods' own names: private members stand in both in the same order. */
async function withMethodsOf(code, short, name) {
  const [before, after] = await Promise.all([code, short].map((text) => privateIn(text, name)));
  if (before.members.length !== after.members.length) throw new Error(`${name} has lost private members`);
  let at = 0;
  const pieces = after.members.map(({ name, start, end }, i) => {
    const own = before.members[i].name;
    // A shorter one may be what another member is called now.
    const isKept = own.length >= KEPT_LENGTH && before.methods.has(own);
    const piece = `${short.slice(at, start)}#${isKept ? own : name}`;
    at = end;
    return piece;
  });
  return pieces.join("") + short.slice(at);
}

async function privateIn(code, name) {
  const { program } = await parse(name, code);
  const [members, methods] = [[], new Set()];
  new Visitor({
    PrivateIdentifier: (node) => members.push(node),
    MethodDefinition: ({ key }) => key.type === "PrivateIdentifier" && methods.add(key.name),
  }).visit(program);
  return { members: members.sort((a, b) => a.start - b.start), methods };
}

const KEPT_LENGTH = 4;
const TARGET = { target: "node20.19", lineLimit: 200 };
