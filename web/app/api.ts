// Asks the server. What went wrong is told as the server tells it, with its code and mend.

import type { ProblemJson } from "../../src/viewer/api.ts";
import { ask as askSource, BASE } from "./source.ts";

/** A request that failed: what the server said, or that there was no answer at all. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** All that the server said; undefined where nobody answered. */
  readonly details: ProblemJson | undefined;

  constructor(message: string, details?: ProblemJson) {
    super(message);
    this.details = details;
  }
}

/** Parameters of a request; what is undefined or empty is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The address of a path of the API, which may have a query already. */
export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "" && value !== false) url.searchParams.set(name, String(value));
  }
  return url.href;
}

/** Reads JSON of the API. Types are the server's own: both are built from the same files. */
export async function read<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const response = await ask(apiUrl(path, query), signal);
  return response.json();
}

async function ask(url: string, signal: AbortSignal | undefined): Promise<Response> {
  const response = await answerOf(url, signal);
  if (response.ok) return response;
  throw await problemOf(response);
}

async function answerOf(url: string, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await askSource(url, { headers: { accept: "application/json" }, ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("The server does not answer. Is tracelight view still running?");
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const details: ProblemJson | undefined = await response.json().catch(() => undefined);
  return new Problem(details?.detail ?? `The server answered ${response.status}.`, details);
}
