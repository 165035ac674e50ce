// What an app asks of `fetch`: read beside it, and left as it is.

/** What `fetch` takes. */
export type FetchInput = string | URL | Request;
/** A `fetch`: the platform's, or any other. */
export type FetchLike = (input: FetchInput, init?: RequestInit) => Promise<Response>;

export function urlOf(input: FetchInput): string {
  if (typeof input === "string") return input;
  return "href" in input ? input.href : input.url;
}

export function methodOf(input: FetchInput, init: RequestInit | undefined): string {
  return (init?.method ?? requestOf(input)?.method ?? "GET").toUpperCase();
}

export function signalOf(input: FetchInput, init: RequestInit | undefined): AbortSignal | undefined {
  return init?.signal ?? requestOf(input)?.signal;
}

/** The text of the body, at once where it is there; undefined where it is none that a model would be asked with. */
export function bodyOf(
  input: FetchInput,
  init: RequestInit | undefined,
): string | undefined | Promise<string | undefined> {
  const body: unknown = init?.body;
  if (typeof body === "string") return body;
  if (body instanceof ArrayBuffer || body instanceof Uint8Array) return new TextDecoder().decode(body);
  const request = requestOf(input);
  if ((body !== undefined && body !== null) || request === undefined || request.bodyUsed) return undefined;
  return request.clone().text();
}

/** A header of the request. */
export function headerOf(name: string, input: FetchInput, init: RequestInit | undefined): string | undefined {
  try {
    const given = init?.headers ?? requestOf(input)?.headers ?? {};
    // To make `Headers` of a plain object takes as long as all the rest of a call.
    if (given instanceof Headers || Symbol.iterator in given)
      return (given instanceof Headers ? given : new Headers(given)).get(name) ?? undefined;
    const [, value] = Object.entries(given).findLast(([key]) => key.toLowerCase() === name) ?? [];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What gives access in the headers and the URL, to be taken out of what a service says of a failure. */
export function secretsOf(input: FetchInput, init: RequestInit | undefined): readonly string[] {
  const headers = KEYS.flatMap((name) => (headerOf(name, input, init) ?? "").split(/[\s,]+/));
  const { searchParams, password } = new URL(urlOf(input), "http://localhost");
  return [
    ...headers,
    password,
    ...["key", "api_key", "api-key"].flatMap((name) => searchParams.getAll(name)),
  ];
}

function requestOf(input: FetchInput): Request | undefined {
  return typeof input === "object" && "headers" in input ? input : undefined;
}

const KEYS = ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization"];
