// A browser for the tests of the page. What the page says on its console, or throws, fails the test that caused it.
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { endAll } from "./served.ts";

/** What does not come is given up some day. */
const PATIENCE_MS = Number(process.env["PATIENCE_MS"] ?? 120_000);

/** Of what is looked at until it is so: how long that takes on a busy machine is nobody's fault. */
export const PATIENT = { timeout: PATIENCE_MS };

/** How a window is opened. One that `isAlone` shares neither cookies nor what is kept with any other. */
export interface WindowOptions extends BrowserContextOptions {
  readonly isAlone?: true;
}

/** Windows of the browser that all files of tests share, for the tests of one. */
export class Browsing {
  #browser: Browser | undefined;
  readonly #pages: Page[] = [];
  /** Windows of the same kind share what was loaded. */
  readonly #contexts = new Map<string, Promise<BrowserContext>>();
  /** What pages said that they should not have. */
  readonly complaints: string[] = [];
  /** Of that, what the test is about. */
  readonly #forgiven: RegExp[] = [];

  constructor() {
    beforeAll(async () => {
      this.#browser = await chromium.connect(inject("browser"));
    });
    afterEach(async () => {
      for (const page of this.#pages.splice(0)) await page.close();
      const forgiven = this.#forgiven.splice(0);
      const said = this.complaints.splice(0);
      expect(said.filter((one) => !forgiven.some((pattern) => pattern.test(one)))).toEqual([]);
    });
    afterAll(async () => {
      await this.#browser?.close();
      await endAll();
    });
  }

  /** Opens an address in a window of its own. */
  async open(url: string, options: WindowOptions = {}): Promise<Page> {
    const page = await this.blank(options);
    await page.goto(url);
    return page;
  }

  /** A window that shows nothing yet. */
  async blank(options: WindowOptions = {}): Promise<Page> {
    const page = await (await this.#context(options)).newPage();
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
    // Nothing is ever asked for elsewhere.
    page.on("request", (request) => {
      const { hostname, protocol } = new URL(request.url());
      // A page that was exported is a file.
      if (protocol === "file:" && request.isNavigationRequest()) return;
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

  #context({ isAlone, ...options }: WindowOptions): Promise<BrowserContext> {
    const key = isAlone ? `alone ${this.#contexts.size}` : JSON.stringify(options);
    const context = this.#contexts.get(key) ?? this.#newContext(options);
    this.#contexts.set(key, context);
    return context;
  }

  async #newContext(options: BrowserContextOptions): Promise<BrowserContext> {
    if (this.#browser === undefined) throw new Error("The browser was not started.");
    const context = await this.#browser.newContext({
      ...{ viewport: { width: 1440, height: 900 }, timezoneId: "UTC", colorScheme: "light" },
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  }

  /** Complaints that the test is about are none, whenever they come. */
  forgive(pattern: RegExp): void {
    this.#forgiven.push(pattern);
  }
}
