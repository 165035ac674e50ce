// What a run of tests leaves behind where it is killed: nothing that goes on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { programOf } from "./program.ts";

test("a program ends when who started it is killed", async () => {
  const starts = `
    const child = require("node:child_process").fork(${JSON.stringify(programOf("hostileServer"))}, { stdio: "inherit" });
    child.once("message", () => console.log(String(child.pid)));`;
  const starter = spawn(process.execPath, ["-e", starts], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void starter.kill("SIGKILL"));
  const [said] = await once(starter.stdout, "data");
  expect(Number(said)).toBeGreaterThan(0);
  starter.kill("SIGKILL");
  // The child has this end of the pipe as well: it is closed when both are gone.
  await once(starter.stdout, "close");
});
