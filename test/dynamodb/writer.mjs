// A process that writes spans as it is told, for the tests of kills, outages and concurrent writers. Uses the built package.
import { DynamoDbTracer } from "tracelight/dynamodb";

const { spans = 0, conversations = 0, ending, ...options } = JSON.parse(process.argv[2]);
const tracer = new DynamoDbTracer({ ...options, onError: () => undefined });

globalThis.gc();
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < spans; i++) {
  tracer.trace("one of many", (span) => span.addAttribute("ai.tool.output", `${i} ${"x".repeat(800)}`));
  if (ending !== "kill" && i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}
if (ending === "kill") process.kill(process.pid, "SIGKILL");
globalThis.gc();
process.send?.(process.memoryUsage().heapUsed - before);

const messages = Array.from({ length: 10 }, (_, i) => ({
  role: "user",
  content: [{ text: `${i} ${"y".repeat(300)}` }],
}));
await Promise.all(
  Array.from({ length: conversations }, (_, i) =>
    tracer.trace("turn", { spanKind: "SERVER" }, async (turn) => {
      turn.addAttribute("ai.conversation.id", `c${i}`, { inheritable: true });
      await null;
      tracer.trace("llm", (call) => call.addAttribute("ai.llm.request.messages", messages));
    }),
  ),
);
// As long as a slow machine may need for all of them; the test has its own limit.
const { pending, failed, dropped } = await tracer.flush({ timeoutMs: 3_600_000 });
await tracer.close();
if (pending + failed + dropped > 0) console.error(`pending ${pending}, failed ${failed}, dropped ${dropped}`);
process.exit(pending + failed + dropped > 0 ? 1 : 0);
