// Each view on each kind of store.
import { InMemoryTracer } from "tracelight";
import { beforeAll, describe, expect, it } from "vitest";
import { Browsing } from "./browser.ts";
import { KINDS, served } from "./stores.ts";

const browser = new Browsing();

for (const { name, full, empty, has } of KINDS) {
  describe(name, () => {
    let url = "";
    beforeAll(async () => {
      url = await full();
    });

    it("lists conversations, and traces", async () => {
      const page = await browser.open(`${url}?since=all`);
      const row = page.getByRole("row").filter({ hasText: has.words });
      await row.first().waitFor();
      await page.locator(".facts", { hasText: /\d+ conversation/ }).waitFor();
      await page.getByRole("button", { name: "Traces" }).click();
      await page.getByRole("table", { name: "Traces" }).waitFor();
      await page.locator(".facts", { hasText: /\d+ trace/ }).waitFor();
      await row.first().waitFor();
    });

    it("shows a conversation, its timeline and a span of it", async () => {
      const page = await browser.open(`${url}?since=all`);
      await page.getByRole("link", { name: has.words }).first().click();
      await page.getByRole("heading", { level: 1, name: has.words }).waitFor();
      expect(new URL(page.url()).pathname).toContain(has.conversation);
      await page.locator(".body", { hasText: has.words }).first().waitFor();
      await page.locator(".body", { hasText: has.answer }).first().waitFor();
      await page
        .getByRole("link", { name: /^trace/ })
        .first()
        .click();
      const call = page.getByRole("treegrid").getByRole("row", { name: has.model }).first();
      await call.click();
      const inspector = page.getByRole("complementary");
      await inspector.getByRole("tab", { name: "Overview", selected: true }).waitFor();
      await inspector.getByRole("tab", { name: "Messages" }).click();
      await inspector.getByRole("tabpanel", { name: "Messages" }).getByText(has.asked).first().waitFor();
      for (const tab of ["Attributes", "Raw"]) {
        await inspector.getByRole("tab", { name: tab }).click();
        await inspector.getByRole("tabpanel", { name: tab }).waitFor();
      }
      await inspector
        .getByRole("tabpanel", { name: "Raw" })
        .filter({ hasText: "ai.llm.request.model.id" })
        .waitFor();
    });

    it("counts", async () => {
      const page = await browser.open(`${url}numbers?since=all`);
      await page.getByRole("row", { name: has.model }).first().waitFor();
      await page.locator(".charts", { hasText: /Calls.*Errors.*Tokens/s }).waitFor();
      await page.getByRole("button", { name: "By tool" }).click();
      await page.getByRole("row", { name: "get_weather" }).first().waitFor();
    });

    it("finds words", async () => {
      const page = await browser.open(`${url}?since=all`);
      await page.getByRole("link", { name: has.words }).first().waitFor();
      await page.keyboard.press("Control+k");
      const input = page.getByRole("combobox", { name: "Search words" });
      await input.fill(has.word);
      await page.getByRole("option").getByText(has.word).first().waitFor();
      await input.press("Enter");
      await page.getByRole("treegrid").getByRole("row", { selected: true }).waitFor();
      await page.getByRole("complementary").getByRole("tab", { name: "Overview" }).waitFor();
    });

    it("says what is not there, and what a filter has wrong", async () => {
      const page = await browser.open(`${url}t/${"f".repeat(32)}`);
      await page.getByRole("heading", { level: 1 }).getByText("no such trace").waitFor();
      await page.getByRole("button", { name: "Try again" }).waitFor();
      await page.goto(`${url}nowhere`);
      await page.getByRole("link", { name: "To the conversations" }).click();
      await page.getByRole("combobox", { name: "Filter" }).fill("duration > fast");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
      browser.forgive(/Failed to load resource.* 40[04] /);
    });

    it.skipIf(empty === undefined)("teaches where nothing has come yet", async () => {
      const page = await browser.open((await empty?.()) ?? "");
      await page.getByRole("heading", { name: "Send a first trace" }).waitFor();
    });
  });
}

it("numbers that are still being counted say how far that is, and come by themselves", async () => {
  const [kind] = KINDS;
  const page = await browser.blank();
  const progress = { done: 320_000, of: 1_000_000 };
  const counting = { status: 503, title: "", detail: "", code: "COUNTING", progress };
  await page.route("**/api/numbers*", (route) => route.fulfill({ status: 503, json: counting }));
  await page.goto(`${await kind?.full()}numbers?since=all`);
  await page.getByRole("status").filter({ hasText: "counted: 320,000 of about 1,000,000" }).waitFor();
  await page.unroute("**/api/numbers*");
  await page.locator(".charts", { hasText: /Calls.*Errors.*Tokens/s }).waitFor();
  browser.forgive(/Failed to load resource.* 503 /);
});

it("numbers of which a share was kept are told as estimates, and no others are", async () => {
  const sampled = new InMemoryTracer();
  const oneOfFour = { traceId: "00000000000001ffffffffffffffffff", spanId: "00f067aa0ba902b7" };
  sampled.startSpan("turn", { parentSpan: { ...oneOfFour, traceState: "ot=th:c" } }).end();
  const page = await browser.open(`${await served(sampled)}numbers?since=all`);
  await page.getByText("Estimates: about 4 spans, from 1 kept at 25 %").waitFor();
  const whole = new InMemoryTracer();
  whole.startSpan("turn").end();
  await page.goto(`${await served(whole)}numbers?since=all`);
  await page.locator(".charts", { hasText: "Calls" }).waitFor();
  expect(await page.getByText("Estimates").count()).toBe(0);
});
