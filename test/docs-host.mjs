// Runs one program after the other, each as a thread with a folder, standard output and end of its own: a process each takes twice as
// long. Told by its parent which; answers with what was printed and how it ended.
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";

process.on("message", async ({ path, cwd }) => process.send(await run(path, cwd)));

async function run(path, cwd) {
  // Threads have the folder of their process.
  process.chdir(cwd);
  const worker = new Worker(path, { stdout: true, stderr: true });
  let failure;
  worker.on("error", (error) => {
    failure = String(error?.stack ?? error);
  });
  const code = new Promise((resolve) => worker.on("exit", resolve));
  const [stdout, stderr] = await Promise.all([text(worker.stdout), text(worker.stderr)]);
  return { code: await code, stdout, stderr, failure };
}
