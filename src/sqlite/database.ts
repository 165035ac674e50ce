// What is asked of a file: by readers, by those who tidy, and of the file as it was at one moment.
import type { Row, SqlValue } from "./connection.ts";

/** A statement and its values. */
export interface SqlStatement {
  readonly sql: string;
  readonly values?: readonly SqlValue[];
}

/** What can be asked. Rejects with what SQLite says. */
export interface Reading {
  all(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
}

/** What the file held at one moment. It keeps the log from being emptied, so it is to be ended. */
export interface Snapshot extends Reading {
  /** Lets go of it. More than once does no harm. */
  end(): void;
}

/** A file as those see it who may wait. Rejects with what SQLite says. */
export interface Database extends Reading {
  /** Runs the statements in one transaction; resolves with the rows that each changed. */
  write(statements: readonly SqlStatement[]): Promise<readonly number[]>;
  /** The file as it is at the first question, until `end`: what others write meanwhile does not show. */
  snapshot(): Snapshot;
  close(): Promise<void>;
}
