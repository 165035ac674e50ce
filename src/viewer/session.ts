// Who has shown the token: by a cookie that only this server can make, or with each request. The token is in no address.
import { createHmac, timingSafeEqual } from "node:crypto";

/** The fewest characters of a token: one that is guessed is none. */
export const MIN_TOKEN = 16;

/** Knows the token. */
export class Session {
  readonly #token: string;
  readonly #path: string;

  /** `path` is where the viewer is mounted. */
  constructor(token: string, path: string) {
    this.#token = token;
    this.#path = path;
  }

  /** Takes the same time whatever is given. */
  accepts(token: string): boolean {
    return isSame(this.#markOf("given", token), this.#markOf("given", this.#token));
  }

  /** True where the request shows the token, or the cookie that was given for it. */
  isOf({ headers }: Request): boolean {
    const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (bearer !== undefined) return this.accepts(bearer);
    const cookie = cookieIn(headers.get("cookie") ?? "");
    return cookie !== undefined && isSame(cookie, this.#markOf("cookie", this.#token));
  }

  /** The cookie for who has shown the token; `isSecure` where it came by https. */
  cookie(isSecure: boolean): string {
    const terms = `Path=${this.#path}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
    return `${NAME}=${this.#markOf("cookie", this.#token)}; ${terms}; Max-Age=${MAX_AGE}`;
  }

  /** Of one length, whatever it is made of. */
  #markOf(purpose: string, text: string): string {
    return createHmac("sha256", this.#token).update(`${purpose}:${text}`).digest("base64url");
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

function cookieIn(header: string): string | undefined {
  for (const part of header.split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === NAME) return value;
  }
  return undefined;
}

const NAME = "tracelight";
const MAX_AGE = 30 * 24 * 3600;
