// What a file has no more use for goes back to the disk: free pages, and the log.
import type { Database } from "./database.ts";
import { patiently } from "./patience.ts";

/** A slice of the work, between which others write. */
type Pause = () => Promise<void>;

/** Free pages given back to the disk at a time. */
const SLICE_PAGES = 500;
/** The log is asked for so often. */
const MOST_ATTEMPTS = 10;

/** Free pages go back to the disk, some at a time. */
export async function giveBackPages(database: Database, pause: Pause): Promise<void> {
  for (let free = await numberOf(database, "freelist_count"); free > 0; ) {
    await patiently(() => database.all(`PRAGMA incremental_vacuum(${SLICE_PAGES})`));
    const left = await numberOf(database, "freelist_count");
    if (left >= free) break;
    free = left;
    await pause();
  }
}

/**
 * Brings the log into the file and cuts it back to nothing: only then the file gets smaller, and what was removed is gone from the log.
 * False where those who read did not let go of it.
 */
export async function emptyLog(database: Database, pause: Pause): Promise<boolean> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const [{ busy } = {}] = await database.all("PRAGMA wal_checkpoint(TRUNCATE)");
    if (busy === 0) return true;
    await pause();
  }
  return false;
}

/** The number that a pragma of that name gives. */
export async function numberOf(database: Database, name: string): Promise<number> {
  const [row] = await database.all(`PRAGMA ${name}`);
  return Number(row?.[name] ?? 0);
}
