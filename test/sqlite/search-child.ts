// A process that brings the index of a file up to date, and stops amid a slice where it is told to.
import { writeSync } from "node:fs";
import type { Connection } from "../../src/sqlite/connection.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { bringUpToDate } from "../../src/sqlite/search-index.ts";
import { endsWithParent } from "../ends-with-parent.ts";

endsWithParent();

/** What the process is to do. */
export interface SearchTask {
  readonly path: string;
  /** It says so and does nothing more when it has added so many spans, in an open transaction. */
  readonly stopAt?: number;
}

const task: SearchTask = JSON.parse(process.argv[2] ?? "{}");
const connection = sqliteDriver().open(task.path);
const indexed = await bringUpToDate(stopping(connection, task.stopAt), { path: task.path });
writeSync(1, String(indexed));

function stopping(within: Connection, stopAt = Number.POSITIVE_INFINITY): Connection {
  let added = 0;
  return {
    exec: (sql) => within.exec(sql),
    prepareNumbers: (sql) => within.prepareNumbers(sql),
    close: () => within.close(),
    prepare: (sql) => {
      const statement = within.prepare(sql);
      if (!sql.startsWith("INSERT INTO search (")) return statement;
      return {
        all: (...values) => statement.all(...values),
        get: (...values) => statement.get(...values),
        run: (...values) => {
          if (++added === stopAt) stop();
          return statement.run(...values);
        },
      };
    },
  };
}

function stop(): void {
  writeSync(1, "ready");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
