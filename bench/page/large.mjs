// A trace with one value of 50 MB: opened as quickly as one without, and the value's beginning within a second.
import { openPage } from "./browser.mjs";
import { timed, withView } from "./command.mjs";
import { makeTrace } from "./stores.mjs";

const SPANS = 500;
const LARGE = 50e6;
const ROUNDS = 3;

/** The rows of the table. */
export async function largeRows({ browser, folder }) {
  const [plain, large] = [`${folder}/plain.db`, `${folder}/large.db`];
  const [without, withLarge] = [await makeTrace(plain, SPANS), await makeTrace(large, SPANS, LARGE)];
  const opened = { plain: [], large: [] };
  const values = [];
  for (let round = 0; round < ROUNDS; round++) {
    opened.plain.push(await withView(plain, (server) => open(browser, server, without)));
    await withView(large, async (server) => {
      opened.large.push(await open(browser, server, withLarge));
      values.push(await openValue(browser, server, withLarge));
    });
  }
  const [a, b] = [least(opened.plain), least(opened.large)];
  const value = least(values);
  return [
    {
      what: "trace with a value of 50 MB: opening it, against one without",
      ...{ figure: b.ms / a.ms, processor: b.processorMs / a.processorMs, bar: 1.1, unit: "x" },
    },
    {
      what: "the beginning of that value in the inspector",
      ...{ figure: value.ms, processor: value.processorMs, bar: 1000, unit: "ms" },
    },
  ];
}

async function open(browser, server, { traceId }) {
  const { page, close } = await openPage(browser);
  const figures = await timed(server, async () => {
    await page.goto(`${server.url}t/${traceId}`);
    await page.waitForSelector(".tr");
  });
  await close();
  return figures;
}

async function openValue(browser, server, { traceId, spanId }) {
  const { page, close } = await openPage(browser);
  await page.goto(`${server.url}t/${traceId}`);
  await page.waitForSelector(".tr");
  const figures = await timed(server, async () => {
    await page.locator(`.tr`).first().click();
    await page.getByRole("tab", { name: "Attributes" }).click();
    await page.getByText("What will the weather be", { exact: false }).first().waitFor();
  });
  await close();
  return { ...figures, spanId };
}

function least(samples) {
  return samples.sort((a, b) => a.processorMs - b.processorMs)[0];
}
