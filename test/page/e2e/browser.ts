// A browser for the tests of the page. What the page says on its console, or throws, fails the test that caused it.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

/** Debian's; `CHROMIUM` names another. */
const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** What does not come is given up some day. */
const PATIENCE_MS = Number(process.env["PATIENCE_MS"] ?? 120_000);

/** A name of somebody else's that leads to this machine. */
export const REBOUND = "evil.example";

/** Pages of one browser, for the tests of a file. */
export class Browsing {
  #browser: Browser | undefined;
  #pages: Page[] = [];
  /** What pages said that they should not have. */
  readonly complaints: string[] = [];

  constructor() {
    beforeAll(async () => {
      if (!existsSync(EXECUTABLE))
        throw new Error(`There is no browser at ${EXECUTABLE}: apt-get install chromium`);
      this.#browser = await chromium.launch({
        executablePath: EXECUTABLE,
        args: ["--no-sandbox", "--disable-dev-shm-usage", `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
      });
    });
    afterEach(async () => {
      for (const page of this.#pages.splice(0)) await page.context().close();
      expect(this.complaints.splice(0)).toEqual([]);
    });
    afterAll(() => this.#browser?.close());
  }

  /** Opens an address in a window of its own. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.blank(options);
    await page.goto(url);
    return page;
  }

  /** A window that shows nothing yet. */
  async blank(options: BrowserContextOptions = {}): Promise<Page> {
    if (this.#browser === undefined) throw new Error("The browser was not started.");
    const context = await this.#browser.newContext({
      ...{ viewport: { width: 1440, height: 900 }, timezoneId: "UTC", colorScheme: "light" },
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
    // Nothing is ever asked for elsewhere.
    page.on("request", (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (
        !/^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname) &&
        protocol !== "data:" &&
        protocol !== "blob:"
      ) {
        this.complaints.push(`asked for ${request.url()}`);
      }
    });
    this.#pages.push(page);
    return page;
  }

  /** Forgets complaints that the test is about. */
  forgive(pattern: RegExp): void {
    const left = this.complaints.filter((complaint) => !pattern.test(complaint));
    this.complaints.splice(0, this.complaints.length, ...left);
  }
}
