// What the receiver answers quotes what it was sent: it is escaped and bounded, whatever that was.
import { InMemoryTracer } from "tracelight";
import { otlpReceiver } from "tracelight/otlp";
import { expect, it } from "vitest";

const EVIL = "\u001b[2J\u202e\u3164\nforged";

it.each([
  ["no JSON", `${EVIL}${"x".repeat(100_000)}`],
  ["a value of the wrong type", JSON.stringify({ resourceSpans: EVIL })],
  ["an id that is none", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span(EVIL, 1)] }] }] })],
  [
    "a time that is none",
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span("a", EVIL)] }] }] }),
  ],
])("%s", async (_what, body) => {
  const receive = otlpReceiver(new InMemoryTracer(), { onError: () => undefined });
  const headers = { "content-type": "application/json" };
  const answer = await receive(new Request("http://localhost/v1/traces", { method: "POST", headers, body }));
  const said: unknown = await answer.json();
  expect(messagesIn(said).join("")).not.toBe("");
  for (const message of messagesIn(said)) {
    expect(message).not.toMatch(/[\p{Cc}\u202e\u3164]/u);
    expect(message.length).toBeLessThan(15_000);
  }
});

function span(traceId: string, startTimeUnixNano: unknown): object {
  return { traceId, spanId: EVIL, name: EVIL, startTimeUnixNano };
}

function messagesIn(json: unknown): string[] {
  if (typeof json === "string") return [json];
  return typeof json === "object" && json !== null ? Object.values(json).flatMap(messagesIn) : [];
}
