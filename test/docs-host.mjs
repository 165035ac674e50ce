// Runs one program after the other in one process, so that what they load is loaded once: each has a folder and standard output of its
// own. Told by its parent which; answers with what was printed and how it ended: a program has when nothing is left to do.
const SIGNALS = ["SIGINT", "SIGTERM"];
const OPENTELEMETRY = Symbol.for("opentelemetry.js.api.1");
let program;

process.on("message", ({ path, cwd }) => {
  process.chdir(cwd);
  program = { stdout: "", stderr: "", failure: undefined, rests: 0 };
  // The parent, who waits for the answer, is nothing that is left to do.
  process.channel.unref();
  import(path).catch(fails);
});
process.on("uncaughtException", fails);
process.on("disconnect", () => process.exit());
process.on("beforeExit", () => {
  program.rests++;
  // Others who listen have work to do at the end: that it is done is seen the next time.
  if (program.rests === 1) return void setImmediate(() => undefined);
  forget();
  const { stdout, stderr, failure } = program;
  process.channel.ref();
  process.send({ stdout, stderr, failure });
});
for (const name of ["stdout", "stderr"]) process[name].write = (...args) => prints(name, ...args);

/** What a program leaves in its process. */
function forget() {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  delete globalThis[OPENTELEMETRY];
}

function fails(error) {
  program.failure ??= String(error?.stack ?? error);
}

function prints(name, chunk, ...more) {
  program[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
  more.find((argument) => typeof argument === "function")?.();
  return true;
}
