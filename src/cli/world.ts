// What the command sees of the world: given to it whole, so that it can be run anywhere.
import type { Readable, Writable } from "node:stream";

/** A stream that may be a terminal. */
export type TerminalStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The world of one run. */
export interface World {
  /** What stands after the command's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder in which paths begin. */
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  /** Aborted by Ctrl-C, with an `Interrupted`. */
  readonly signal: AbortSignal;
}

/** What a run says to the shell; `toRedact`: `redact --check` found something. */
export const EXIT = { ok: 0, nothingFound: 1, usage: 2, store: 3, toRedact: 1 } as const;

/** An exit code. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
