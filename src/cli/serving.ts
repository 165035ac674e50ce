// What commands that serve until Ctrl-C have in common.
import { TracelightError } from "../model/errors.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import type { Context } from "./context.ts";
import type { Target } from "./stores/target.ts";

/** A little more than a tracer takes to close at most, in milliseconds. */
export const GRACE_MS = 35_000;

/** The server; where its port is taken, the error says how to have another. */
export async function listening<T>(server: Promise<T>): Promise<T> {
  return server.catch((error: unknown) => {
    throw isTaken(error) ? new TracelightError("LISTEN_FAILED", `${error.message} ${FREE_PORT}`) : error;
  });
}

function isTaken(error: unknown): error is TracelightError {
  if (!(error instanceof TracelightError) || typeof error.cause !== "object") return false;
  return error.cause !== null && "code" in error.cause && error.cause.code === "EADDRINUSE";
}

/** Resolves with Ctrl-C. */
export function stopped({ world: { signal } }: Context): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Closes the store; one that takes its time is spoken of. */
export async function closed({ output }: Context, { tracer, name }: Target): Promise<DeliveryReport> {
  const timer = setTimeout(
    () => output.talk(`Waiting for ${name} to take the last spans; Ctrl-C again stops at once.`),
    PATIENCE_MS,
  );
  try {
    return await tracer.close();
  } finally {
    clearTimeout(timer);
  }
}

const FREE_PORT = "--port 0 takes one that is free.";
const PATIENCE_MS = 1000;
