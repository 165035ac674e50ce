// Asks the server. What went wrong is told as the server tells it, with its code and mend.
import { answerTo, jsonOf } from "./answers.ts";
import { ask, BASE } from "./source.ts";

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

/** Reads JSON of the API. */
export async function read<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const init = { headers: { accept: "application/json" }, ...(signal && { signal }) };
  return jsonOf(await answerTo(ask(apiUrl(path, query), init), signal));
}
