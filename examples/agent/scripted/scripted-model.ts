// The scripted model as a service: it speaks the wires of OpenAI, Anthropic and Bedrock, and takes its time as they do.
import { randomUUID } from "node:crypto";
import type { Pause } from "../services.ts";
import { PromptCache, tokens } from "./prompt-cache.ts";
import { type Asked, answerTo } from "./script.ts";
import { anthropic } from "./wires/anthropic.ts";
import { converse } from "./wires/converse.ts";
import { openAi } from "./wires/openai.ts";
import type { Piece, Wire } from "./wires/wire.ts";

const WIRES: readonly Wire[] = [openAi, anthropic, converse];

export class ScriptedModel {
  readonly #pause: Pause;
  readonly #cache = new PromptCache();
  readonly #failures: number[] = [];

  constructor(pause: Pause) {
    this.#pause = pause;
  }

  /** Refuses the next requests with these statuses. */
  failNext(...statuses: readonly number[]): void {
    this.#failures.push(...statuses);
  }

  /** A `fetch` that asks it without a network. */
  readonly fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
    this.answer(new Request(input, init));

  async answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const wire = WIRES.find(({ path }) => path.test(pathname));
    if (wire === undefined) return Response.json({ error: `no model at ${pathname}` }, { status: 404 });
    const status = this.#failures.shift();
    if (status !== undefined) return refusal(wire, status, "The service is overloaded");
    try {
      const asked = wire.read(await request.json(), pathname);
      return new Response(this.#stream(wire, asked), { headers: { "content-type": wire.contentType } });
    } catch (error) {
      return refusal(wire, 400, String(error));
    }
  }

  #stream(wire: Wire, asked: Asked): ReadableStream<Uint8Array> {
    const answer = answerTo(asked, () => `call_${idText()}`);
    const output = tokens(JSON.stringify(answer));
    const usage = { ...this.#cache.use(asked), output };
    const pieces = wire.pieces(answer, { model: asked.model, usage, id: idText() });
    // Input is read quickly, above all where it is cached; output is written word by word.
    const thinkingMs = 250 + (usage.input - usage.read) / 4;
    return inTime(pieces, { first: thinkingMs, each: (output * 12) / pieces.length }, this.#pause);
  }
}

function idText(): string {
  return randomUUID().replaceAll("-", "").slice(0, 24);
}

function refusal(wire: Wire, status: number, message: string): Response {
  return Response.json(wire.error(message), { status, headers: { "retry-after-ms": "1" } });
}

function inTime(
  pieces: readonly Piece[],
  waits: { readonly first: number; readonly each: number },
  pause: Pause,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      const piece = pieces[at++];
      if (piece === undefined) return controller.close();
      await pause(at === 1 ? waits.first : waits.each);
      controller.enqueue(typeof piece === "string" ? Buffer.from(piece) : piece);
    },
  });
}
