// Builds a Next.js app (Turbopack) with the packed tarball and asks its standalone server: by hand, since it takes a minute and 300 MB
// of packages: npm pack && node .ci/next.mjs tracelight-*.tgz
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const PACKAGES = [
  "next@16.4.6",
  "react@19.3.1",
  "react-dom@19.3.1",
  "@opentelemetry/api@1.9.1",
  "libsql@0.5.29",
];
const tarball = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "tracelight-next-"));
const project = join(folder, "project");
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", CI: "1" };

const FILES = {
  "package.json": '{ "private": true }',
  "next.config.mjs": `export default {
  output: "standalone",
  outputFileTracingIncludes: {
    "/**": ["libsql", "@libsql", "@neon-rs", "detect-libc"].map((name) => \`./node_modules/\${name}/**\`),
  },
};`,
  "app/layout.js": "export default ({ children }) => <html lang='en'><body>{children}</body></html>;",
  "lib/tracer.js": `import { registerTracer } from "tracelight/otel";
import { SqliteTracer } from "tracelight/sqlite";

export const tracer = (globalThis.tracer ??= start());

function start() {
  const started = new SqliteTracer({ path: "traces.db" });
  registerTracer(started);
  return started;
}`,
  "app/trace/route.js": `import { trace } from "@opentelemetry/api";
import { tracer } from "../../lib/tracer.js";

export const dynamic = "force-dynamic";

export async function GET() {
  const traceId = await tracer.trace("turn", async (turn) => {
    trace.getTracer("a library").startActiveSpan("library", (span) => span.end());
    return turn.traceId;
  });
  const spans = await tracer.getTraces({ traceId });
  return Response.json(spans.map(({ spanName }) => spanName));
}`,
};

try {
  build();
  console.log(`Next.js on Node ${process.version}: ${await ask()}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function build() {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), `${text}\n`);
  }
  const run = (command, args) => execFileSync(command, args, { cwd: project, env, stdio: ["ignore", 2, 2] });
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball, ...PACKAGES]);
  run(join(project, "node_modules/.bin/next"), ["build"]);
  cpSync(join(project, ".next/standalone"), join(folder, "standalone"), { recursive: true });
  // What was built may not look for anything where it was built.
  rmSync(project, { recursive: true });
}

/** What the route says, once the server listens. */
async function ask() {
  const port = await freePort();
  const server = spawn(process.execPath, ["server.js"], {
    ...{ cwd: join(folder, "standalone"), stdio: ["ignore", "pipe", 2] },
    env: { ...env, PORT: String(port), HOSTNAME: "127.0.0.1" },
  });
  try {
    for await (const line of server.stdout) if (String(line).includes("Ready")) break;
    const response = await fetch(`http://127.0.0.1:${port}/trace`);
    const names = await response.json();
    assert.deepEqual(names.slice(-2), ["turn", "library"]);
    return names.join(" > ");
  } finally {
    const ended = once(server, "exit");
    server.kill();
    await ended;
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
