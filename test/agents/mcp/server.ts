// What the servers of the tests offer, and where their spans go: to a file, a record a line.
import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Tracer } from "tracelight";
import { z } from "zod";
import { endsWithParent } from "../../ends-with-parent.ts";

endsWithParent();

/** `stdio` or `http`. */
export const [over, file = ""] = process.argv.slice(2);
export const tracer = new Tracer({
  name: "file",
  write: (span) => appendFileSync(file, `${JSON.stringify(span)}\n`),
});
tracer.setContext({ resourceAttributes: { "service.name": "calculator" } });

export const INFO = { name: "calculator", version: "1.0.0" };
export const NUMBERS = { a: z.number(), b: z.number() };
export const WHOM = { name: z.string() };
export const RULES = "https://me:secret@example.com/rules?signature=secret";

export async function divide({ a, b }: { readonly a: number; readonly b: number }) {
  const text = String(await tracer.trace("calculate", () => divided(a, b)));
  return { content: [{ type: "text" as const, text }] };
}

/** Waits first, so that calls overlap. */
async function divided(a: number, b: number): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  if (b === 0) throw new RangeError("Nothing is divided by zero.");
  return a / b;
}

/** Tells that it waits, then does so for ever. */
export function wait(): Promise<never> {
  tracer.startSpan("waits").end();
  return new Promise(() => undefined);
}

export function greet({ name }: { readonly name: string }) {
  const content = { type: "text" as const, text: `Hello, ${name}.` };
  return { messages: [{ role: "user" as const, content }] };
}

export function rules(uri: URL) {
  return { contents: [{ uri: uri.href, text: "Divide by no zero." }] };
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function listen(answer: Answer): void {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1", () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
}
