// What the app's thread and the other one say to each other.

import type { Driver, Row, SqlValue } from "./connection.ts";
import type { SqlStatement } from "./database.ts";

/** The flags that both threads see: whether the library is at work, and whether it may be. */
export const WORKING = 0;
export const STOP = 1;

/** What the other thread begins with. */
export interface ThreadSetup {
  readonly name: Driver["name"];
  /** What `require` takes there. */
  readonly module: string;
  readonly path: string;
  readonly flags: Int32Array;
}

/** What is to be answered: a question, maybe to a snapshot, statements to run in one transaction, the next rows, or whether digests are to be made. */
export type Task =
  | { readonly sql: string; readonly values: readonly SqlValue[]; readonly snapshot?: number }
  | { readonly statements: readonly SqlStatement[] }
  | { readonly next: true }
  | { readonly digests: boolean };

/** What the other thread is told. */
export type Work =
  | (Task & { readonly id: number })
  /** The end of a snapshot. */
  | { readonly end: number }
  | { readonly close: true };

/** What it answers. Many rows come in portions, each when it was asked for; the last is followed by an answer with neither. */
export type Answer =
  | { readonly id: number; readonly result: readonly Row[] | readonly number[] }
  | { readonly id: number; readonly portion: readonly Row[] }
  | { readonly id: number; readonly error: SentError }
  | { readonly id: number };

/** An error's own properties do not cross threads: the codes of SQLite are sent beside its message. */
interface SentError {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly errcode?: unknown;
  readonly rawCode?: unknown;
}
