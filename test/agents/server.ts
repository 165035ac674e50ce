// A stub of the services of models, all in one: what it does is said by the first part of the path, so that tests share it.
import { createServer } from "node:http";
import { createServer as createServer2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { type Answer, CACHED, FIRST, LAST, OBJECT, THOUGHT } from "./conversation.ts";
import { converse } from "./wire-converse.ts";
import { WIRES, type Wire } from "./wires.ts";

/** What the server does with a request. */
export type Scenario =
  /** Answers as the conversation goes. */
  | "talk"
  /** Says the last answer at once. */
  | "say"
  /** Thinks first. */
  | "think"
  /** Has read it before. */
  | "cached"
  /** Answers with an object. */
  | "object"
  /** Says nothing many times between its pieces. */
  | "empty"
  /** Refuses the first attempt with 429, then answers. */
  | "busy"
  /** Refuses each. */
  | "broken"
  /** Refuses each, for good. */
  | "refused"
  /** Answers with what is no JSON. */
  | "malformed"
  /** Begins an answer, and goes no further. */
  | "hang"
  /** Begins an answer, and goes on with it as long as somebody takes it. */
  | "endless"
  /** Begins an answer, and cuts the line. */
  | "cut"
  /** Begins an answer, and says that it failed. */
  | "fail"
  /** Never answers. */
  | "silent";

/** What it was asked. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What both of Node's servers give. */
interface Request extends AsyncIterable<unknown> {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}
interface Response {
  sendDate: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(piece: string | Uint8Array): unknown;
  end(text: string): unknown;
  on(event: "close", listener: () => void): unknown;
  readonly stream?: { close(): void } | undefined;
  destroy?(): unknown;
}

/** A stub server; `baseUrl("talk")` is where its services do that. */
export class StubServer {
  /** Bedrock's services speak HTTP/2. */
  readonly #servers = [
    createServer((request, response) => void this.#answer(request, response)),
    createServer2((request, response) => void this.#answer(request, response)),
  ] as const;
  readonly #seen = new Map<string, Seen[]>();
  #runs = 0;

  static async start(): Promise<StubServer> {
    const stub = new StubServer();
    // A client may take a line up again that has been idle for long, on a busy machine.
    stub.#servers[0].keepAliveTimeout = 0;
    for (const server of stub.#servers)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return stub;
  }

  /** Where requests are answered so; another one at each call, so that attempts of one test are not another's. */
  baseUrl(scenario: Scenario, version: 1 | 2 = 1): string {
    const address = this.#servers[version - 1]?.address();
    return `http://127.0.0.1:${isPlaced(address) ? address.port : 0}/${scenario}-${this.#runs++}`;
  }

  /** What was asked there. */
  seenAt(baseUrl: string): readonly Seen[] {
    return this.#seen.get(new URL(baseUrl).pathname.slice(1)) ?? [];
  }

  close(): void {
    this.#servers[0].closeAllConnections();
    for (const server of this.#servers) server.close();
  }

  async #answer(request: Request, response: Response): Promise<void> {
    // Which second it is would be no difference that tracing makes.
    response.sendDate = false;
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const [, run = ""] = pathname.split("/");
    const seen = this.#seen.get(run) ?? [];
    this.#seen.set(run, seen);
    const { method = "", headers } = request;
    const attempt = seen.push({ method, headers, body, path: pathname.slice(run.length + 1) }) - 1;
    const wire = [...WIRES, converse].find(({ path }) => path.test(pathname));
    const scenario = run.split("-")[0] ?? "";
    const key = String(
      headers["authorization"] ?? headers["x-api-key"] ?? headers["x-goog-api-key"] ?? "none",
    );
    if (wire !== undefined) DONE[scenario]?.({ wire, body, pathname, attempt, response, key });
    else {
      response.writeHead(200, { "content-type": "text/plain" });
      response.end(`no model: ${body.length}`);
    }
  }
}

function isPlaced(address: AddressInfo | string | null | undefined): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

interface Asked {
  readonly wire: Wire;
  readonly body: string;
  readonly pathname: string;
  readonly attempt: number;
  /** The key of the caller, as its header has it. */
  readonly key: string;
  readonly response: Response;
}

type Do = (asked: Asked) => unknown;

const talk: Do = (asked) => say(asked, asked.wire.hasResults(asked.body) ? LAST : FIRST);

const DONE: Readonly<Record<string, Do>> = {
  talk,
  say: (asked) => say(asked, LAST),
  think: (asked) => say(asked, THOUGHT),
  cached: (asked) => say(asked, CACHED),
  object: (asked) => say(asked, OBJECT),
  empty: (asked) =>
    say(asked, LAST, (pieces) =>
      pieces.flatMap((piece, i) =>
        isAmong(i, pieces) ? [piece, asked.wire.nothing, asked.wire.nothing] : [piece],
      ),
    ),
  busy: (asked) => (asked.attempt === 0 ? refuse(asked, 429, "slow down") : talk(asked)),
  broken: (asked) => refuse(asked, 500, "out of order"),
  refused: (asked) => refuse(asked, 400, `the key ${asked.key} may not do this`),
  malformed: ({ response }) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"half": ');
  },
  hang: (asked) => begin(asked),
  endless: (asked) => {
    const more = begin(asked);
    const timer = setInterval(() => asked.response.write(more), 2);
    asked.response.on("close", () => clearInterval(timer));
  },
  cut: (asked) => {
    begin(asked);
    setTimeout(() => (asked.response.stream ?? { close: () => asked.response.destroy?.() }).close(), 20);
  },
  fail: (asked) => {
    begin(asked);
    asked.response.write(asked.wire.failure("it broke underway"));
    asked.response.end("");
  },
  silent: () => undefined,
};

type Piece = string | Uint8Array;

/** Some are in the middle of what is said: those between the first three and the last three. */
function isAmong(i: number, pieces: readonly Piece[]): boolean {
  return i > 2 && i < pieces.length - 4;
}

function say(
  { wire, body, pathname, response }: Asked,
  answer: Answer,
  among: (pieces: readonly Piece[]) => readonly Piece[] = (pieces) => pieces,
): void {
  if (!wire.isStreamed(body, pathname)) return send(response, 200, wire.whole(answer, body));
  response.writeHead(200, { "content-type": wire.type });
  for (const piece of among(wire.pieces(answer, body))) response.write(piece);
  response.end("");
}

/** Pieces with the first words, and no more; gives the last of them. */
function begin({ wire, response }: Asked): Piece {
  const pieces = wire.pieces(LAST);
  response.writeHead(200, { "content-type": wire.type });
  const some = pieces.slice(0, Math.min(8, pieces.length - 2));
  response.write(Buffer.concat(some.map((piece) => Buffer.from(piece))));
  return some.at(-1) ?? "";
}

function refuse({ wire, response }: Asked, status: number, message: string): void {
  send(response, status, wire.error(message), { "retry-after-ms": "1" });
}

function send(response: Response, status: number, value: object, headers: object = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}
