// The loop of an agent, and all that tracing needs in it: a span for each run of an agent and for each tool. Model calls are traced by
// their clients, and find their place below by themselves.
import type { Tracer } from "tracelight";
import { z } from "zod";
import type { Listener, Message, Model, Prompt, ToolCall, ToolOffer, ToolResult } from "./models/model.ts";

/** What an agent is. */
export interface Agent extends Pick<Prompt, "size" | "system"> {
  readonly name: string;
  readonly tools: readonly Tool[];
}

/** A tool: how a model is told of it, and what it does. */
export interface Tool extends ToolOffer {
  /** Rejects where the input is wrong, or the work fails: the model is told. */
  run(input: unknown, signal?: AbortSignal | undefined): Promise<unknown>;
}

/** What an agent works with. */
export interface Runtime {
  readonly tracer: Tracer;
  readonly model: Model;
  readonly signal?: AbortSignal | undefined;
}

/** Goes on with a history until the model has no more tools to use: the answer. What happened is added to the history. */
export async function work(
  agent: Agent,
  history: Message[],
  { onText, ...runtime }: Runtime & Listener,
): Promise<string> {
  for (let step = 1; step <= MAX_STEPS; step++) {
    const { size, system, tools } = agent;
    const answer = await runtime.model({ size, system, tools, messages: history }, { ...runtime, onText });
    history.push({ role: "assistant", ...answer });
    if (answer.calls.length === 0) return answer.text;
    const results = await Promise.all(answer.calls.map((call) => use(agent, call, runtime)));
    history.push({ role: "tool", results });
  }
  throw new Error(`${agent.name} came to no end in ${MAX_STEPS} steps`);
}

const MAX_STEPS = 8;

/** A failure marks the span by itself; the model is told of it, and may do better. */
async function use(agent: Agent, call: ToolCall, { tracer, signal }: Runtime): Promise<ToolResult> {
  const { id, name, input } = call;
  try {
    const output = await tracer.trace(name, async (span) => {
      span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": name });
      span.addAttributes({ "ai.tool.use.id": id, "ai.tool.input": input });
      const result = await toolOf(agent, name).run(input, signal);
      span.addAttribute("ai.tool.output", result);
      return result;
    });
    return { id, output, isError: false };
  } catch (error) {
    signal?.throwIfAborted();
    return { id, output: { error: error instanceof Error ? error.message : String(error) }, isError: true };
  }
}

function toolOf({ tools }: Agent, name: string): Tool {
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`There is no tool "${name}"`);
  return tool;
}

/** Makes a tool whose input is checked before it runs. */
export function tool<Schema extends z.ZodObject>(of: {
  readonly name: string;
  readonly description: string;
  readonly input: Schema;
  readonly run: (input: z.output<Schema>, signal?: AbortSignal) => Promise<unknown>;
}): Tool {
  const { name, description, input: schema, run } = of;
  const { properties, required } = z.toJSONSchema(schema);
  return {
    ...{ name, description, parameters: { type: "object", properties, required } },
    run: async (given, signal) => {
      const { success, data, error } = schema.safeParse(given);
      if (!success) throw new Error(z.prettifyError(error));
      return run(data, signal);
    },
  };
}

/** Runs an agent with a history of its own: a span in which all that it does lies. */
export function runAgent(agent: Agent, question: string, runtime: Runtime): Promise<string> {
  return runtime.tracer.trace(agent.name, async (span) => {
    span.addAttribute("ai.agent.name", agent.name, { inheritable: true });
    span.addAttributes({ "ai.trace.type": "agent", "ai.user.input": question });
    const response = await work(agent, [{ role: "user", text: question }], runtime);
    span.addAttribute("ai.agent.response", response);
    return response;
  });
}

/** An agent as a tool of another. */
export function asTool(agent: Agent, description: string, runtime: Runtime): Tool {
  return tool({
    ...{ name: `ask_${agent.name}`, description },
    input: z.object({
      question: z.string().describe("All that it needs to know: it has not heard the talk."),
    }),
    run: async ({ question }, signal) => ({
      answer: await runAgent(agent, question, { ...runtime, signal }),
    }),
  });
}
