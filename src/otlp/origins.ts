// Which web pages may send spans: a browser asks first (CORS), and shows a page no answer that does not name it.
import { Refusal } from "./refusal.ts";

/** Says what a list of origins should have been. */
export function originsFault(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.every((one) => typeof one === "string" && isOrigin(one));
  return isList ? undefined : 'a list of origins such as "https://app.example.com", or "*" for any';
}

/** True for `scheme://host`, with a port where it is not the scheme's own, and for `*`. */
function isOrigin(text: string): boolean {
  return text === "*" || (URL.canParse(text) && new URL(text).origin === text);
}

/** The origins of web pages that may send. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;

  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
  }

  /** The answer to a browser that asks whether a page may send; undefined where it is no such question. Throws `Refusal`. */
  preflight(request: Request): Response | undefined {
    const origin = request.headers.get("origin");
    if (request.method !== "OPTIONS" || origin === null) return undefined;
    if (!this.#allows(origin)) throw notAllowed(origin);
    const headers = new Headers({
      "access-control-allow-methods": "POST",
      "access-control-max-age": "86400",
    });
    const asked = request.headers.get("access-control-request-headers");
    if (asked !== null) headers.set("access-control-allow-headers", asked);
    // Asked for by a page of the internet that sends to this machine.
    if (request.headers.has("access-control-request-private-network"))
      headers.set("access-control-allow-private-network", "true");
    return new Response(null, { status: 204, headers });
  }

  /** Lets the page that sent a request see its answer. */
  admit(request: Request, { headers }: Response): void {
    const origin = request.headers.get("origin");
    if (this.#allowed.size > 0) headers.append("vary", "origin");
    if (origin === null || !this.#allows(origin)) return;
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", "retry-after");
    // A page that is left sends by a beacon, which has its cookies with it whether they are wanted or not.
    headers.set("access-control-allow-credentials", "true");
  }

  #allows(origin: string): boolean {
    return this.#allowed.has(origin) || this.#allowed.has("*");
  }
}

function notAllowed(origin: string): Refusal {
  const page = isOrigin(origin) ? origin : "that origin";
  return new Refusal(403, `Pages of ${page} may not send here; allow them by origins (collect --origin).`);
}
