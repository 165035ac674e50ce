// What the page does with large things of the context lens: the frames of a comparison, and a conversation of 100 MB as one file.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { SqliteTracer } from "tracelight/sqlite";
import { framesOf, openPage } from "./browser.mjs";
import { withView } from "./command.mjs";

const COMMAND = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const MESSAGE_BYTES = 1_000_000;
const SCROLLS = 40;

/** The longest frame while two traces are compared, and scrolled through. */
export async function comparedFrames({ browser, path, ids: [a, b] }) {
  return withView(path, async ({ url }) => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}compare`);
    await page.getByText("Choose two model calls").waitFor();
    const { frames, wall, processor } = await framesOf(browser, page, async () => {
      await page.goto(`${url}compare?a=${a}&b=${b}`);
      await page.locator(".steps [role=row]").nth(5).waitFor();
      for (let i = 0; i < SCROLLS; i++)
        await page.evaluate("new Promise((drawn) => { scrollBy(0, 1500); requestAnimationFrame(drawn); })");
    });
    await close();
    const what = `page: two traces compared, the longest of ${frames} frames`;
    return [row(what, { processor: Math.max(...processor), clock: Math.max(...wall), bar: 50 })];
  });
}

/** A conversation of so many megabytes as one file: what making it takes, and when it can be read. */
export async function exportedFile({ browser, folder, megabytes }) {
  const path = join(folder, "long.db");
  await makeLong(path, megabytes);
  const file = join(folder, "long.html");
  const made = await exported(path, file);
  const { page, close } = await openPage(browser);
  const began = performance.now();
  await page.goto(pathToFileURL(file).href);
  await page.locator(".call-m .margin").first().waitFor();
  const usable = performance.now() - began;
  await close();
  const what = `HTML of a conversation of ${megabytes} MB`;
  return [
    row(`${what}: made, with at most ${made.peakMb} MB of memory`, { ...made, bar: undefined }),
    row(`${what}: until it can be read`, { clock: usable, bar: 2000 }),
  ].map((one) => ({ ...one, KB: Math.round(statSync(file).size / 1024) }));
}

function row(what, { processor = Number.NaN, clock, bar }) {
  return { what, processor: Math.round(processor), clock: Math.round(clock), bar };
}

/** No two messages are alike, so that nothing is stored once for all. */
async function makeLong(path, megabytes) {
  const tracer = new SqliteTracer({ path, retention: false });
  for (let i = 0; i < megabytes; i++) {
    const words = `${i} ${Math.random()} `;
    tracer.trace("converse", (turn) => {
      turn.addAttribute("ai.conversation.id", "long", { inheritable: true });
      turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": `Question ${i}?` });
      tracer.trace("llm", (call) =>
        call.addAttributes({
          "ai.trace.type": "llm-invocation",
          "ai.llm.request.model.id": "claude-sonnet-4-5",
          "ai.llm.request.messages": [
            { role: "user", content: [{ text: words.repeat(MESSAGE_BYTES / words.length) }] },
          ],
        }),
      );
    });
    await tracer.flush();
  }
  await tracer.close();
}

/** The command in a process that says at its end what it took. */
async function exported(path, file) {
  const say =
    "process.on('exit', () => { const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage(); console.error(JSON.stringify({ maxRSS, cpu: userCPUTime + systemCPUTime })); })";
  const args = ["--import", `data:text/javascript,${encodeURIComponent(say)}`, COMMAND];
  const began = performance.now();
  const child = spawn(process.execPath, [...args, "export", "--html", "long", "--out", file, path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`tracelight export ended with ${status}: ${said}`);
  const { maxRSS, cpu } = JSON.parse(said.trim().split("\n").at(-1));
  return { peakMb: Math.round(maxRSS / 1024), processor: cpu / 1000, clock: performance.now() - began };
}
