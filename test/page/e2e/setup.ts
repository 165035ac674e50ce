// Once for all files of tests: the browser, the page over the travel agent's day, and that over nothing.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { endAll, folder, REBOUND, travelStore, view } from "./served.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the browser is asked. */
    readonly browser: string;
    /** Pages that are only read: over an SQLite file of the travel agent's day, and over an empty one. */
    readonly travel: string;
    readonly empty: string;
  }
}

/** Debian's; `CHROMIUM` names another. */
const EXECUTABLE = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Before the first test; what comes back is called behind the last. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  if (!existsSync(EXECUTABLE))
    throw new Error(`There is no browser at ${EXECUTABLE}: apt-get install chromium`);
  const [server, travel, empty] = await Promise.all([
    chromium.launchServer({
      executablePath: EXECUTABLE,
      args: ["--no-sandbox", "--disable-dev-shm-usage", `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
    }),
    travelStore().then((store) => view(store)),
    view(join(folder(), "new.db")),
  ]);
  provide("browser", server.wsEndpoint());
  provide("travel", travel.url);
  provide("empty", empty.url);
  return async () => {
    await server.close();
    await endAll();
  };
}
