// A process that traces to an OTLP server and ends as it is told: run by the tests of what is lost.
import type { Attributes } from "tracelight";
import { OtlpTracer, type OtlpTracerOptions } from "tracelight/otlp";
import { endsWithParent } from "../ends-with-parent.ts";

endsWithParent();

/** What the process does. */
export interface Task {
  readonly options: OtlpTracerOptions;
  readonly name: string;
  readonly spans: number;
  /** Of each span, besides a text. */
  readonly attributes?: Attributes;
  /** Spread over this time; without it, all in one tick. */
  readonly overMs?: number;
  readonly finish: "kill" | "exit" | "end" | "flush";
}

const task: Task = JSON.parse(process.argv[2] ?? "{}");
const tracer = new OtlpTracer({ ...task.options, onError: () => undefined });

const { overMs = 0 } = task;
const turns = overMs === 0 ? 1 : Math.ceil(overMs / 10);
for (let turn = 0; turn < turns; turn++) {
  for (let i = Math.ceil((task.spans * turn) / turns); i < (task.spans * (turn + 1)) / turns; i++)
    tracer.trace(`${task.name}-${i}`, (span) =>
      span.addAttribute("text", "x".repeat(500)).addAttributes(task.attributes ?? {}),
    );
  if (overMs > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

if (task.finish === "kill") process.kill(process.pid, "SIGKILL");
if (task.finish === "exit") process.exit(3);
if (task.finish === "flush") await tracer.flush();
