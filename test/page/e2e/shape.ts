// How a page is laid out, and what is wrong with that.
import type { Page } from "playwright-core";

/** Says what makes the page wider than its window; empty where nothing does. */
export function sideways(page: Page): Promise<string> {
  return page.evaluate(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth && document.body.scrollWidth <= clientWidth) return "";
    const isCut = (one) =>
      one !== null && one !== document.body && (getComputedStyle(one).overflowX !== "visible" || isCut(one.parentElement));
    const wide = [...document.querySelectorAll("body *")].filter(
      (one) => one.getBoundingClientRect().right > clientWidth + 0.5 && !isCut(one.parentElement),
    );
    const names = wide.slice(0, 5).map((one) => one.tagName.toLowerCase() + "." + one.getAttribute("class"));
    return "is " + Math.max(scrollWidth, document.body.scrollWidth) + " wide of " + clientWidth + ": " + names.join(", ");
  })()`);
}

/** Text as WCAG 2.2 has it under "text spacing". */
export async function spaced(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  })()`);
}

/** Scrolls the window, and has what is shown then drawn: a scroll is told in the frame that follows. */
export async function scrolled(page: Page, by: number): Promise<void> {
  await page.evaluate(`new Promise((drawn) => {
    scrollBy(0, ${by});
    requestAnimationFrame(() => requestAnimationFrame(drawn));
  })`);
}
