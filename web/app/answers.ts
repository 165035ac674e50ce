// What the server answered: JSON, or what is wrong.
import type { ProblemJson } from "../../src/viewer/api.ts";
import { Problem } from "./problem.ts";

/** The answer of who was asked. Rejects with a `Problem` where nobody answers. */
export async function answerTo(asked: Promise<Response>, signal?: AbortSignal): Promise<Response> {
  try {
    return await asked;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("The server does not answer. Is tracelight view still running?");
  }
}

/** The JSON of an answer. Types are the server's own: both are built from the same files. Rejects with a `Problem`. */
export async function jsonOf<T>(response: Response): Promise<T> {
  if (response.ok) return response.json();
  const details: ProblemJson | undefined = await response.json().catch(() => undefined);
  throw new Problem(details?.detail ?? `The server answered ${response.status}.`, details);
}
