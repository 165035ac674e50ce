// An agent that writes 200 spans a second into a trace that the page watches: how long until each has its row. And a page that is left open.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { metricsOf, openPage, quantile } from "./browser.mjs";
import { withView } from "./command.mjs";

const AGENT = fileURLToPath(new URL("agent.mjs", import.meta.url));

/** The rows of the table. */
export async function liveRows({ browser, folder, seconds = 60, rate = 200 }) {
  const path = `${folder}/live.db`;
  const agent = agentOf(path, { rate, seconds });
  const { traceId } = await agent.said;
  return withView(path, async (server) => {
    const { page, close } = await openPage(browser);
    await page.goto(`${server.url}t/${traceId}`);
    await page.waitForSelector(".rows");
    await page.evaluate(noteRows);
    agent.go();
    const { starts } = await agent.said;
    const isAll = await page
      .waitForFunction((n) => window.noted.at(-1)?.rows >= n, starts.length + 1, { timeout: 30_000 })
      .then(
        () => true,
        () => false,
      );
    const noted = await page.evaluate(() => window.noted);
    await close();
    const lags = starts.map((at, i) => lagOf(noted, i + 2, at));
    const seen = lags.filter((lag) => lag !== undefined);
    return [
      {
        what: `${rate} spans a second for ${seconds} s: from a span's start to its row on the page, p95`,
        ...{ figure: quantile(seen, 0.95), bar: 500, unit: "ms" },
      },
      { what: "the same: half of them within", figure: quantile(seen, 0.5), bar: 500, unit: "ms" },
      { what: "spans that got no row", figure: isAll ? 0 : lags.length - seen.length, bar: 0, unit: "" },
    ];
  });
}

/** Rows come in the order of their starts: the n-th is there from when there are n. */
function lagOf(noted, rows, startedAt) {
  const first = noted.find((one) => one.rows >= rows);
  return first === undefined ? undefined : Math.max(0, first.at - startedAt);
}

/** Runs in the page: whenever the number of rows changes, when that was. */
function noteRows() {
  window.noted = [];
  const tree = document.querySelector(".rows");
  const note = () => window.noted.push({ at: Date.now(), rows: Number(tree.getAttribute("aria-rowcount")) });
  note();
  new MutationObserver(note).observe(tree, { attributes: true, attributeFilter: ["aria-rowcount"] });
}

/**
 * A page that shows the list while an agent writes 100 spans a second, ten times what it would in an hour's tenth. `spans`: 36,000 are an
 * hour of 10 a second.
 */
export async function leftOpenRows({ browser, folder, seconds = 60, rate = 100 }) {
  const rows = [];
  for (const [what, address] of [
    ["list", () => ""],
    ["trace", (id) => `t/${id}`],
  ]) {
    const path = `${folder}/open-${what}.db`;
    const agent = agentOf(path, { rate, seconds: seconds * 1.25, isMany: what === "list" });
    const { traceId } = await agent.said;
    rows.push(
      ...(await withView(path, (server) =>
        leftOpen({ browser, server, agent, seconds, what, at: address(traceId) }),
      )),
    );
  }
  return rows;
}

async function leftOpen({ browser, server, agent, seconds, what, at }) {
  const { page, cdp, close } = await openPage(browser);
  await page.goto(server.url + at);
  const done = agent.said;
  agent.go();
  // A fifth more, before: what a page holds once it is full.
  await page.waitForTimeout(seconds * 250);
  const before = await metricsOf(cdp);
  await page.waitForTimeout(seconds * 1000);
  const after = await metricsOf(cdp);
  await done;
  await close();
  const growth = (name) => (after[name] / before[name] - 1) * 100;
  return [
    {
      what: `${what} left open for ${seconds} s of 100 spans a second: heap`,
      figure: growth("JSHeapUsedSize"),
      bar: 20,
      unit: "% more",
    },
    {
      what: `${what}: DOM nodes, ${before.Nodes} then ${after.Nodes}`,
      figure: growth("Nodes"),
      bar: 5,
      unit: "% more",
    },
  ];
}

function agentOf(path, options) {
  const child = fork(AGENT, [path, JSON.stringify(options)]);
  return {
    /** The next that it says. */
    get said() {
      const gone = new AbortController();
      child.once("exit", () => gone.abort(new Error("the agent ended without a word")));
      return once(child, "message", { signal: gone.signal }).then(([message]) => message);
    },
    go: () => child.send("go"),
  };
}
