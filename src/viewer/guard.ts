// Who may ask: pages of other sites never, nor a name that was made to lead here (DNS rebinding), nor anybody without the token.
import { isOfThisMachine } from "../otlp/loopback.ts";
import { PROBLEMS, Problem } from "./problems.ts";
import type { Session } from "./session.ts";

/** What the guard knows. */
export interface GuardSetup {
  /** Names by which the server may be called beside those of this machine; `*` for any. */
  readonly hosts: readonly string[];
  readonly session: Session | undefined;
}

/** Refuses by throwing a `Problem`. */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #session: Session | undefined;

  constructor({ hosts, session }: GuardSetup) {
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
    this.#session = session;
  }

  /** For pages and the API. */
  admit(request: Request): void {
    this.#checkHost(request);
    this.#checkOrigin(request);
  }

  /** For spans that are sent here. Programs may call this machine by any name, as from a container; browsers say where they come from. */
  admitSender(request: Request): void {
    if (request.headers.has("origin") || request.headers.has("sec-fetch-site")) this.#checkHost(request);
  }

  /** True where the one who asks has shown the token, or none is asked for. */
  isKnown(request: Request): boolean {
    return this.#session === undefined || this.#session.isOf(request);
  }

  /** Whoever has a token is safe from a name that leads here: the cookie is another name's. */
  #checkHost(request: Request): void {
    const host = hostOf(request);
    const name = nameOf(host);
    const isMeant =
      isOfThisMachine(name) || this.#hosts.has("*") || this.#hosts.has(name) || this.#hosts.has(host);
    if (isMeant || this.#session !== undefined) return;
    throw forbidden(
      `This server is not called "${name.slice(0, 100)}"; name it among the hosts of the viewer.`,
    );
  }

  #checkOrigin(request: Request): void {
    const origin = request.headers.get("origin");
    const site = request.headers.get("sec-fetch-site") ?? "none";
    const isElsewhere = origin !== null && !isSameHost(origin, hostOf(request));
    const isNavigation = request.method === "GET" && request.headers.get("sec-fetch-mode") === "navigate";
    if (isElsewhere || (site !== "none" && site !== "same-origin" && !isNavigation)) {
      throw forbidden("Pages of other sites may not ask here.");
    }
  }
}

/** With its port, where that is said. */
function hostOf(request: Request): string {
  return (request.headers.get("host") ?? new URL(request.url).host).toLowerCase();
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, "");
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function forbidden(what: string): Problem {
  return new Problem(PROBLEMS.forbidden, what);
}

/** What every answer has: nothing from elsewhere, nothing inline, in no frame. */
export const SAFETY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // None at all would have browsers send the form of the sign-in page without an origin.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};
