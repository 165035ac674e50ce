// The numbers: how much time a bar stands for.
import { expect, inject, it } from "vitest";
import { Browsing, PATIENT } from "./browser.ts";

const browser = new Browsing();
const full = inject("travel");

it("a bar stands for the time that was chosen, with keys alone; another range has its own", async () => {
  const page = await browser.open(`${full}numbers`);
  const button = page.getByRole("button", { name: "4 hours a bar" });
  await button.focus();
  await page.keyboard.press("Enter");
  const menu = page.getByRole("menu", { name: "Time of a bar" });
  await menu.getByRole("menuitemradio", { name: "4 hours", checked: true }).waitFor();
  // Bars of a minute would be too many, and one of a week is none.
  expect(await menu.getByRole("menuitemradio").allTextContents()).toEqual(["1 hour", "4 hours", "1 day"]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "1 day a bar" }).waitFor();
  await expect.poll(() => new URL(page.url()).searchParams.get("bar"), PATIENT).toBe("1d");
  const link = await browser.open(page.url());
  await link.getByRole("button", { name: "1 day a bar" }).waitFor();
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await page.getByRole("menuitemradio", { name: "Last 24 hours" }).click();
  await page.getByRole("button", { name: "30 minutes a bar" }).waitFor();
  expect(new URL(page.url()).searchParams.get("bar")).toBeNull();
});
