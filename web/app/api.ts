// Asks the server. What went wrong is told as the server tells it, with its code and mend.

/** A request that failed: problem details, or no answer at all. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** 0 where nobody answered. */
  readonly status: number;
  /** The library's code of the error, such as `INVALID_QUERY`. */
  readonly code: string | undefined;
  /** All that the server said. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.details = details;
    this.code = typeof details["code"] === "string" ? details["code"] : undefined;
  }
}

/** Parameters of a request; what is undefined or empty is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The address of a path of the API. */
export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(`api/${path}`, document.baseURI);
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

/** Reads text of the API. */
export async function readText(path: string, query?: Query, signal?: AbortSignal): Promise<string> {
  return (await ask(apiUrl(path, query), signal)).text();
}

async function ask(url: string, signal: AbortSignal | undefined): Promise<Response> {
  const response = await answerOf(url, signal);
  if (response.ok) return response;
  throw await problemOf(response);
}

async function answerOf(url: string, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, { headers: { accept: "application/json" }, ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "The server does not answer. Is tracelight view still running?");
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const details: Record<string, unknown> = typeof body === "object" && body !== null ? { ...body } : {};
  const { detail, title } = details;
  const said = typeof detail === "string" ? detail : typeof title === "string" ? title : response.statusText;
  return new Problem(response.status, said || `The server answered ${response.status}.`, details);
}
