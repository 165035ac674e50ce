// A server that speaks OpenAI's chat completions: it answers each request with the next answer that it was given.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

/** How a request is answered. */
export type Reply = (response: ServerResponse) => void;

/** The server, its answers yet to be given, and what it was asked. */
export interface ModelStub {
  readonly url: string;
  readonly asked: unknown[];
  /** Answers come in this order, whoever asks. */
  replies: Reply[];
}

/** Runs until the test is over. */
export async function modelStub(...replies: Reply[]): Promise<ModelStub> {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    asked.push(JSON.parse(Buffer.concat(chunks).toString()));
    const reply = stub.replies.shift() ?? failed(500);
    reply(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const stub: ModelStub = { url: `http://127.0.0.1:${port}/v1`, asked, replies };
  return stub;
}

const usage = {
  prompt_tokens: 20,
  completion_tokens: 5,
  total_tokens: 25,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 2 },
};
const ABOUT = { created: 1, model: "gpt-x", system_fingerprint: "f" };
let answers = 0;

interface Said {
  readonly content?: string;
  readonly tool_calls?: readonly object[];
}

/** An answer in one piece. */
export function whole(message: Said, finish = "stop"): Reply {
  const choices = [
    { index: 0, message: { role: "assistant", content: null, ...message }, finish_reason: finish },
  ];
  return json(200, { ...ABOUT, id: nextId(), object: "chat.completion", choices, usage });
}

/** No two answers have the same. */
function nextId(): string {
  answers += 1;
  return `c${answers}`;
}

/** A call of the tool `weather`. */
export function calls(...cities: readonly string[]): readonly object[] {
  return cities.map((city, index) => ({
    ...{ index, id: `call-${city}`, type: "function" },
    function: { name: "weather", arguments: JSON.stringify({ city }) },
  }));
}

/** An answer in pieces; the tokens come in the last, which has no choice. */
export function streamed(deltas: readonly Said[], finish = "stop"): Reply {
  return (response) => {
    begin(response);
    sendAll(response, deltas);
    send(response, [{ index: 0, delta: {}, finish_reason: finish }]);
    send(response, [], usage);
    response.end("data: [DONE]\n\n");
  };
}

/** Begins an answer and leaves it at that. */
export function begun(
  deltas: readonly Said[],
  then: (response: ServerResponse) => void = () => undefined,
): Reply {
  return (response) => {
    begin(response);
    sendAll(response, deltas);
    then(response);
  };
}

/** Goes on without a word, as long as somebody reads: a client may let go of a stream only when the next part has come. */
export function goesOn(response: ServerResponse): void {
  const timer = setInterval(() => send(response, [{ index: 0, delta: {}, finish_reason: null }]), 20);
  response.on("close", () => clearInterval(timer));
}

/** An error that comes as a part of the stream. */
export function errorPart(response: ServerResponse): void {
  response.end(
    `data: ${JSON.stringify({ error: { message: "The server broke.", type: "server_error" } })}\n\n`,
  );
}

/** A failure by its status. */
export function failed(status: number): Reply {
  return json(
    status,
    { error: { message: `It failed with ${status}.`, type: "error", code: null } },
    { "retry-after-ms": "1" },
  );
}

function json(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

function begin(response: ServerResponse): void {
  nextId();
  response.writeHead(200, { "content-type": "text/event-stream" });
}

/** The first says who speaks. */
function sendAll(response: ServerResponse, deltas: readonly Said[]): void {
  for (const [i, said] of deltas.entries()) {
    const delta = i === 0 ? { role: "assistant", ...said } : said;
    send(response, [{ index: 0, delta, finish_reason: null }]);
  }
}

function send(response: ServerResponse, choices: readonly object[], given?: object): void {
  const chunk = {
    ...ABOUT,
    id: `c${answers}`,
    object: "chat.completion.chunk",
    choices,
    ...(given ? { usage: given } : {}),
  };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}
