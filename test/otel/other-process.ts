// A process of its own that takes work over HTTP or as JSON lines on its standard input, and prints its spans as records.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { InMemoryTracer } from "tracelight";
import { extract, extractBaggage, inject } from "tracelight/otel";

const tracer = new InMemoryTracer();

/** One piece of work below whoever asked for it; says what it would send on itself. */
function work(name: string, carrier: unknown): Record<string, string> {
  const parentSpan = extract(carrier);
  return tracer.trace(name, { parentSpan }, (span) => {
    span.addAttribute("baggage", extractBaggage(carrier));
    tracer.trace(`${name} inside`, () => undefined);
    return inject<Record<string, string>>({});
  });
}

const server = createServer((request, response) => {
  response.end(JSON.stringify(work("serve", request.headers)));
});
server.listen(0, "127.0.0.1", () => say({ address: server.address() }));

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { id, params } = JSON.parse(line);
    say({ id, result: work("tools/call", params._meta) });
  })
  .on("close", () => {
    say({ spans: tracer.getTraces() });
    server.close();
  });

function say(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
