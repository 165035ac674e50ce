// `npm run demo`: makes demo.db, fifty talks over a week of which one still runs, and opens the page on it. `-- --no-view` only makes it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { keepTalking, makeDemo } from "./demo-store.ts";

// The AWS SDK tells every program on Node 20 that it will want Node 22: not in the middle of a talk.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    store: { type: "string", default: "demo.db" },
    view: { type: "boolean", default: true },
    open: { type: "boolean", default: true },
  },
});

await makeDemo(options.store);
console.error(`${options.store}: fifty talks with a travel desk, over the last week.`);
if (options.view) {
  const stopping = new AbortController();
  const talking = keepTalking(
    options.store,
    (ms, signal) => setTimeout(ms, undefined, { signal }),
    stopping.signal,
  );
  // Ctrl-C ends the page, and the page ends this.
  process.on("SIGINT", () => undefined);
  const command = fileURLToPath(new URL("dist/cli/main.js", import.meta.resolve("tracelight/package.json")));
  const args = ["view", options.store, "--port", "0", ...(options.open ? ["--open"] : [])];
  await once(spawn(process.execPath, [command, ...args], { stdio: "inherit" }), "exit");
  stopping.abort();
  await talking;
}
