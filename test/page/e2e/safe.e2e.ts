// Who may look: pages of other sites never, nor a name that was made to lead here, nor anybody without the token.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { Browsing } from "./browser.ts";
import { atEnd, folder, REBOUND, travelFile, view } from "./served.ts";

const browser = new Browsing();
const TOKEN = "a-token-of-the-tests-own";

it("asks for the token, and leaves it in no address and to no script", async () => {
  const { url } = await view(travelFile(), "--token", TOKEN);
  const page = await browser.open(`${url}c/trip-1042?turn=2`, { isAlone: true });
  await page.getByLabel("Token").fill("another-token-of-somebody");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  expect(await page.context().cookies()).toEqual([]);
  await page.getByLabel("Token").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /^What is the weather/ }).waitFor();
  expect(page.url()).toBe(`${url}c/trip-1042?turn=2`);
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
  expect(JSON.stringify(cookie)).not.toContain(TOKEN);
  expect(await page.evaluate("document.cookie")).toBe("");
  expect(await page.evaluate("document.documentElement.outerHTML")).not.toContain(TOKEN);
  browser.forgive(/ 401 /);
});

it("tells another site's page nothing, by whatever way it asks", async () => {
  const { url } = await view(travelFile());
  const { port } = new URL(url);
  const elsewhere = createServer((_, answer) =>
    answer.setHeader("content-type", "text/html").end("<p>Else</p>"),
  );
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  atEnd(() => elsewhere.close());
  const { port: other } = elsewhere.address() as AddressInfo;
  // Of one machine, but not of one site.
  const page = await browser.open(`http://127.0.0.1:${other}/`);
  const asked: unknown = await page.evaluate(`(async () => {
    const api = "http://localhost:${port}/api/rows";
    const read = await fetch(api).then((answer) => answer.text(), () => "refused");
    const blind = await fetch(api, { mode: "no-cors" }).then((answer) => answer.type, () => "refused");
    const posted = await fetch("http://localhost:${port}/v1/traces", { method: "POST", body: "{}", headers: { "content-type": "application/json" } }).then((answer) => answer.status, () => "refused");
    const live = await new Promise((resolve) => {
      const source = new EventSource("http://localhost:${port}/api/live");
      source.onopen = () => resolve("open");
      source.onerror = () => { source.close(); resolve("refused"); };
    });
    const framed = await new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.onload = () => { try { resolve(frame.contentDocument === null ? "refused" : frame.contentDocument.title); } catch { resolve("refused"); } };
      frame.src = "http://localhost:${port}/";
      document.body.append(frame);
    });
    return { read, blind, posted, live, framed };
  })()`);
  expect(asked).toMatchObject({ read: "refused", posted: "refused", live: "refused", framed: "refused" });
  browser.forgive(/CORS policy|ERR_FAILED|frame|ERR_BLOCKED_BY_RESPONSE| 40\d /);
});

it("is not called by a name that was made to lead here", async () => {
  const { url } = await view(`${folder()}/new.db`);
  const { port } = new URL(url);
  const page = await browser.blank();
  const answer = await page.goto(`http://${REBOUND}:${port}/`);
  expect(answer?.status()).toBe(403);
  const asked = `fetch("/api/rows").then((answer) => answer.status)`;
  expect(await page.evaluate(asked)).toBe(403);
  browser.forgive(/ 403 |asked for|Opener-Policy/);
});
