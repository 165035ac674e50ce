// Which call of a tool a sub-agent works for, of all transcripts that are read together.
import { spanIdFrom } from "../../model/derived-ids.ts";
import type { SpanPlace } from "../../model/ids.ts";

/** A call of a tool that starts an agent. */
export interface Task {
  readonly conversation: string;
  readonly toolId: string;
  /** What the agent is told; where there is nothing better, it is known by this. */
  readonly prompt: string | undefined;
  /** What kind of agent. */
  readonly name: string | undefined;
  readonly place: SpanPlace;
}

/** Knows the tasks, and who does them. */
export class Agents {
  readonly #byTool = new Map<string, Task>();
  readonly #byPrompt = new Map<string, Task[]>();
  readonly #byAgent = new Map<string, Task>();

  /** A tool was called that starts an agent. */
  start(task: Task): void {
    keep(this.#byTool, task.toolId, task);
    if (task.prompt === undefined) return;
    const key = promptKey(task.conversation, task.prompt);
    const same = this.#byPrompt.get(key);
    if (same === undefined) keep(this.#byPrompt, key, [task]);
    else same.push(task);
  }

  /** That agent does the work of that call. */
  link(agentId: string, toolId: string): void {
    const task = this.#byTool.get(toolId);
    if (task !== undefined && !this.#byAgent.has(agentId)) keep(this.#byAgent, agentId, task);
  }

  /** What an agent works for; of several that were told the same, the first that nobody works for. */
  taskOf(agentId: string, conversation: string, prompt: string | undefined): Task | undefined {
    const known = this.#byAgent.get(agentId);
    if (known !== undefined || prompt === undefined) return known;
    const taken = new Set(this.#byAgent.values());
    const task = this.#byPrompt.get(promptKey(conversation, prompt))?.find((one) => !taken.has(one));
    if (task !== undefined) keep(this.#byAgent, agentId, task);
    return task;
  }
}

/** A prompt may be long. */
function promptKey(conversation: string, prompt: string): string {
  return spanIdFrom(`${conversation} ${prompt}`);
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size > MAX_KNOWN) for (const oldest of map.keys()) return void map.delete(oldest);
}

const MAX_KNOWN = 20_000;
