// What was said by whomever runs nowhere, and leaves the page as it is.
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { Browsing, WindowOptions } from "./browser.ts";
import { sideways } from "./shape.ts";

/** A window in which nothing that is told may run. */
export async function watched(
  browser: Browsing,
  viewport: { readonly width: number; readonly height: number },
  options: WindowOptions = {},
): Promise<Page> {
  const page = await browser.blank({ ...options, viewport });
  await page.addInitScript(
    "globalThis.reports = []; addEventListener('securitypolicyviolation', ({ blockedURI, violatedDirective }) => reports.push(violatedDirective + ' ' + blockedURI))",
  );
  page.on("dialog", (dialog) => browser.complaints.push(`said ${dialog.message()}`));
  page.on("popup", (popup) => browser.complaints.push(`opened ${popup.url()}`));
  return page;
}

/** Nothing of it ran or was refused, no link leads where it may not, and nothing is wider than the window. */
export async function isWhole(page: Page, where: string): Promise<void> {
  expect(await page.evaluate("[globalThis.ran ?? 0, ...reports]"), where).toEqual([0]);
  const links =
    "a[href]:not([href^='http://127.0.0.1']):not([href^='http://localhost']):not([href='#main']):not([href^='file:'])";
  const hrefs = await page.locator(links).evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  for (const href of hrefs) expect(href, where).toMatch(/^(?:https?:|\/)/);
  // A file has its own scripts in itself.
  const scripts = page.url().startsWith("file:") ? "main script" : "script:not([src])";
  const never = `${scripts}, iframe, object, embed, main style, [onerror], [onload]`;
  expect(await page.locator(never).count(), where).toBe(0);
  expect(await sideways(page), where).toBe("");
}
