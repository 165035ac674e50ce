// `tracelight view` as users have it: a process of its own over a store, and the processor time that it took.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const TICK_MS = 10;

/** Serves the store at that path until `stop`. */
async function view(path, ...args) {
  const child = spawn(process.execPath, [COMMAND, "view", path, "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      const [found] = /https?:\/\/\S+\//.exec(chunk) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.on("exit", (status) => reject(new Error(`tracelight view ended with ${status}`)));
  });
  return {
    url,
    processorMs: () => processorMs(child.pid),
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** The processor time of a process so far; NaN where the system does not tell. */
function processorMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

/** The same work with a server that has read nothing yet. */
export async function withView(path, work, ...args) {
  const server = await view(path, ...args);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Milliseconds and processor time of a piece of work of the server. */
export async function timed(server, work) {
  const [began, cpu] = [performance.now(), server.processorMs()];
  const answer = await work();
  return { answer, ms: performance.now() - began, processorMs: server.processorMs() - cpu };
}
