// A stub of the services of models, all in one: what it does is said by the first part of the path, so that tests share it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Answer, FIRST, LAST } from "./conversation.ts";
import { WIRES, type Wire } from "./wires.ts";

/** What the server does with a request. */
export type Scenario =
  /** Answers as the conversation goes. */
  | "talk"
  /** Thinks first. */
  | "think"
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
  /** Begins an answer, and cuts the line. */
  | "cut"
  /** Never answers. */
  | "silent";

export const THOUGHT: Answer = {
  ...{ thought: "Amsterdam is in the Netherlands.", text: "Sunny." },
  usage: { input: 20, output: 14, reasoning: 9 },
};

/** A stub server; `baseUrl("talk")` is where its services do that. */
export class StubServer {
  readonly #server: Server;
  readonly #seen = new Map<string, number>();
  #runs = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<StubServer> {
    const stub = new StubServer();
    await new Promise<void>((resolve) => stub.#server.listen(0, "127.0.0.1", resolve));
    return stub;
  }

  /** Where requests are answered so; another one at each call, so that attempts of one test are not another's. */
  baseUrl(scenario: Scenario): string {
    const address = this.#server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return `http://127.0.0.1:${port}/${scenario}-${this.#runs++}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Which second it is would be no difference that tracing makes.
    response.sendDate = false;
    let body = "";
    for await (const chunk of request) body += chunk;
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const [, run = ""] = pathname.split("/");
    const attempt = this.#seen.get(run) ?? 0;
    this.#seen.set(run, attempt + 1);
    const wire = WIRES.find(({ path }) => path.test(pathname));
    const scenario = run.split("-")[0] ?? "";
    const { authorization, "x-api-key": apiKey, "x-goog-api-key": googleKey } = request.headers;
    const key = authorization ?? apiKey ?? googleKey ?? "none";
    if (wire === undefined)
      response.writeHead(200, { "content-type": "text/plain" }).end(`no model: ${body.length}`);
    else DONE[scenario]?.({ wire, body, pathname, attempt, response, key: String(key) });
  }
}

interface Asked {
  readonly wire: Wire;
  readonly body: string;
  readonly pathname: string;
  readonly attempt: number;
  /** The key of the caller, as its header has it. */
  readonly key: string;
  readonly response: ServerResponse;
}

type Do = (asked: Asked) => unknown;

const talk: Do = (asked) => say(asked, asked.wire.hasResults(asked.body) ? LAST : FIRST);

const DONE: Readonly<Record<string, Do>> = {
  talk,
  think: (asked) => say(asked, THOUGHT),
  busy: (asked) => (asked.attempt === 0 ? refuse(asked, 429, "slow down") : talk(asked)),
  broken: (asked) => refuse(asked, 500, "out of order"),
  refused: (asked) => refuse(asked, 400, `the key ${asked.key} may not do this`),
  malformed: ({ response }) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"half": '),
  hang: (asked) => begin(asked),
  cut: (asked) => {
    begin(asked);
    setTimeout(() => asked.response.destroy(), 20);
  },
  silent: () => undefined,
};

function say({ wire, body, pathname, response }: Asked, answer: Answer): void {
  if (!wire.isStreamed(body, pathname)) return send(response, 200, wire.whole(answer));
  response.writeHead(200, { "content-type": wire.type });
  for (const piece of wire.pieces(answer)) response.write(piece);
  response.end();
}

/** Pieces with the first words, and no more. */
function begin({ wire, response }: Asked): void {
  const pieces = wire.pieces(LAST);
  response.writeHead(200, { "content-type": wire.type });
  response.write(pieces.slice(0, Math.min(8, pieces.length - 2)).join(""));
}

function refuse({ wire, response }: Asked, status: number, message: string): void {
  send(response, status, wire.error(message), { "retry-after-ms": "1" });
}

function send(response: ServerResponse, status: number, value: object, headers: object = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}
