// A history that has grown long is made shorter: what is old becomes a summary, the last turn stays as it was.
import { type Agent, type Runtime, runAgent } from "./agent.ts";
import type { Message } from "./models/model.ts";
import { HISTORIAN } from "./prompts.ts";

const historian: Agent = { name: "historian", size: "small", system: HISTORIAN, tools: [] };

/** A copy of the history; shortened where it is longer than so many characters of JSON. */
export async function compacted(
  history: readonly Message[],
  maxLength: number,
  runtime: Runtime,
): Promise<Message[]> {
  const from = history.findLastIndex(({ role }) => role === "user");
  if (from <= 1 || JSON.stringify(history).length <= maxLength) return [...history];
  const summary = await runAgent(historian, transcript(history.slice(0, from)), runtime);
  const said: Message = { role: "user", text: `[What was said before]\n${summary}` };
  return [said, UNDERSTOOD, ...history.slice(from)];
}

const UNDERSTOOD: Message = { role: "assistant", text: "I have read it.", calls: [] };

function transcript(messages: readonly Message[]): string {
  return messages.map(line).join("\n");
}

function line(message: Message): string {
  if (message.role === "user") return `Traveller: ${message.text}`;
  if (message.role === "tool")
    return message.results.map(({ output }) => `Result: ${JSON.stringify(output)}`).join("\n");
  return [
    `Desk: ${message.text}`,
    ...message.calls.map(({ name, input }) => `Used: ${name} ${JSON.stringify(input)}`),
  ].join("\n");
}
