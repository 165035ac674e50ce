// A page beside an agent that works: spans come, grow and end; a server that went away is found again, and nothing was missed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { Browsing } from "./browser.ts";
import { atEnd, folder, keptPort, PACKAGE, view } from "./served.ts";

const browser = new Browsing();

/** An agent in a process of its own that does one step for each line it is told. */
class Agent {
  readonly #child;

  constructor(sink: string) {
    const url = (name: string): string =>
      JSON.stringify(pathToFileURL(join(PACKAGE, `dist/${name}.js`)).href);
    const code = `
      import { SqliteTracer } from ${url("sqlite/index")};
      import { OtlpTracer } from ${url("otlp/index")};
      import { createInterface } from "node:readline";
      const tracer = ${sink};
      const spans = new Map();
      for await (const line of createInterface({ input: process.stdin })) {
        const { begin, under, attributes, end } = JSON.parse(line);
        if (begin) spans.set(begin, tracer.startSpan(begin, under ? { parentSpan: spans.get(under) } : {}));
        const span = spans.get(begin ?? end);
        if (attributes) span.addAttributes(attributes, { inheritable: "ai.conversation.id" in attributes });
        if (end) span.end();
        await tracer.flush();
        console.log("done");
      }`;
    const args = ["--input-type=module", "--eval", code];
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    atEnd(() => this.#child.kill());
  }

  /** Resolves when the step was written. */
  async step(step: {
    begin?: string;
    under?: string;
    end?: string;
    attributes?: Record<string, unknown>;
  }): Promise<void> {
    const done = once(this.#child.stdout, "data");
    this.#child.stdin.write(`${JSON.stringify(step)}\n`);
    await done;
  }
}

const inFile = (path: string): string => `new SqliteTracer({ path: ${JSON.stringify(path)} })`;
const TURN = {
  "ai.conversation.id": "live-1",
  "ai.trace.type": "converse",
  "ai.user.input": "Is it raining?",
};

it("shows an agent's spans as they begin, and as they end, from an empty store on", async () => {
  const path = join(folder(), "live.db");
  const agent = new Agent(inFile(path));
  const { url } = await view(path);
  const page = await browser.open(url);
  await page.getByRole("heading", { name: "Send a first trace" }).waitFor();
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();

  await agent.step({ begin: "converse", attributes: TURN });
  await page.getByRole("row").filter({ hasText: "Is it raining?" }).filter({ hasText: "running" }).waitFor();
  await page.getByRole("link", { name: "Is it raining?" }).click();
  await page.locator(".th", { hasText: "running" }).waitFor();
  await page.locator(".tid").click();
  const rows = page.getByRole("treegrid").getByRole("row");
  await rows.filter({ hasText: "converse" }).waitFor();

  await agent.step({
    begin: "get_weather",
    under: "converse",
    attributes: {
      "ai.trace.type": "tool-invocation",
      "ai.tool.name": "get_weather",
      "ai.tool.input": { city: "Delft" },
    },
  });
  const tool = rows.filter({ hasText: "get_weather" });
  await tool.locator(".sb.b-run").first().waitFor({ state: "attached" });
  await agent.step({ end: "get_weather", attributes: { "ai.tool.output": "rain" } });
  await rows.filter({ hasText: "get_weather", hasNot: page.locator(".b-run") }).waitFor();
  await agent.step({ end: "converse", attributes: { "ai.agent.response": "It is." } });
  await rows.filter({ hasText: "converse", hasNot: page.locator(".b-run") }).waitFor();
  await page.keyboard.press("v");
  await page.locator(".body", { hasText: "It is." }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  const row = page.getByRole("row").filter({ hasText: "Is it raining?" });
  await row.filter({ hasNotText: "running" }).waitFor();
});

it("shows what any program sends by OTLP to the same port", async () => {
  const { url } = await view(join(folder(), "sent.db"));
  const page = await browser.open(url);
  await page.getByRole("heading", { name: "Send a first trace" }).waitFor();
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  const agent = new Agent(`new OtlpTracer({ url: ${JSON.stringify(`${url}v1/traces`)} })`);
  await agent.step({ begin: "converse", attributes: { ...TURN, "ai.user.input": "From afar?" } });
  await agent.step({ end: "converse", attributes: { "ai.agent.response": "Yes." } });
  await page.getByRole("row").filter({ hasText: "From afar?" }).waitFor();
});

it("finds a server again that was killed, and has what came meanwhile", async () => {
  const path = join(folder(), "again.db");
  const agent = new Agent(inFile(path));
  const port = await keptPort();
  const server = await view(path, "--port", port);
  const page = await browser.open(server.url);
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  await agent.step({ begin: "converse", attributes: TURN });
  await page.getByRole("link", { name: "Is it raining?" }).click();
  await page.locator(".tid").click();
  const rows = page.getByRole("treegrid").getByRole("row");
  await rows.first().waitFor();

  await server.stop("SIGKILL");
  await page.getByText(/Lost, trying in/).waitFor();
  for (let i = 0; i < 20; i++) {
    await agent.step({ begin: `step ${i}`, under: "converse" });
    await agent.step({ end: `step ${i}` });
  }
  // What was read stays.
  await rows.first().waitFor();
  await view(path, "--port", port);
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  await page.locator("[role=treegrid][aria-rowcount='21']").waitFor();
  await agent.step({ begin: "after", under: "converse" });
  await page.locator("[role=treegrid][aria-rowcount='22']").waitFor();
  browser.forgive(
    /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/,
  );
});

it("pauses, and goes on with what came meanwhile", async () => {
  const path = join(folder(), "paused.db");
  const agent = new Agent(inFile(path));
  await agent.step({ begin: "converse", attributes: TURN });
  // It has begun before the server looks for changes: none is on its way to the page.
  const { url } = await view(path);
  const page = await browser.open(url);
  await page.getByRole("link", { name: "Is it raining?" }).waitFor();
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Paused" }).waitFor();
  await agent.step({ end: "converse" });
  expect(await page.getByRole("row").filter({ hasText: "Is it raining?" }).textContent()).toContain(
    "running",
  );
  await page.keyboard.press("p");
  await page
    .getByRole("row")
    .filter({ hasText: "Is it raining?" })
    .filter({ hasNotText: "running" })
    .waitFor();
});

it("asks for nothing more of a timeline that is paused, though it runs", async () => {
  const path = join(folder(), "still.db");
  const agent = new Agent(inFile(path));
  await agent.step({ begin: "converse", attributes: TURN });
  const { url } = await view(path);
  const page = await browser.blank({ isAlone: true });
  await page.clock.install();
  await page.goto(url);
  await page.getByRole("link", { name: "Is it raining?" }).click();
  await page.locator(".tid").click();
  await page.getByRole("treegrid").locator(".b-run").first().waitFor();
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  await page.keyboard.press("p");
  await page.getByRole("button", { name: "Paused" }).waitFor();
  // What was on its way has come.
  await page.waitForLoadState("networkidle");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.clock.runFor(60_000);
  expect(asked).toEqual([]);
  await agent.step({ end: "converse" });
  await page.keyboard.press("p");
  await page.getByRole("treegrid").locator(".b-run").waitFor({ state: "detached" });
});
