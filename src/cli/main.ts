#!/usr/bin/env node
// The command `tracelight`: this process as the world of one run.
import { exitCodeOf, Interrupted, sayingOf } from "./failures.ts";
import { run } from "./program.ts";
import { EXIT } from "./world.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

const stop = new AbortController();
for (const [signal, code] of Object.entries(SIGNALS)) {
  process.on(signal, () => {
    // Who presses it again wants no more patience.
    if (stop.signal.aborted) process.exit(code);
    stop.abort(new Interrupted(code));
  });
}
process.on("uncaughtException", (error) => {
  process.stderr.write(`tracelight: ${sayingOf(error) ?? "interrupted"}\n`);
  process.exit(exitCodeOf(error));
});
// The AWS SDK tells every program on Node 20 that it will want Node 22: no business of who reads traces.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const world = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  // Only commands that read it may open it: an open standard input keeps a process alive.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
};
// Should all work end without a word, that is no success.
process.exitCode = EXIT.store;
const code = await run(world);
// On some systems the last words are still on their way.
process.stderr.write("", () => process.exit(code));
