// The calls of tools that a model's call asked for: those that were made behind it, before the same agent's model was called again.
import type { DoneTool } from "../parts/done.ts";
import { SHOWN_KINDS } from "./kinds.ts";
import { FAILED, INTERRUPTED, labelAt, RUNNING, type TraceModel } from "./model.ts";

/** They may be below the call itself, behind it, or behind what it is wrapped in. */
export function askedTools(model: TraceModel, call: number): readonly DoneTool[] {
  const below = toolsIn(model, call + 1, model.last[call] ?? 0);
  if (below.length > 0) return below.map((tool) => doneAt(model, tool));
  for (let at = call; at >= 0 && !isAgent(model, at); at = model.parent[at] ?? -1) {
    const end = model.last[model.parent[at] ?? -1] ?? model.spans;
    const tools = toolsIn(model, model.last[at] ?? end, end);
    if (tools.length > 0) return tools.map((tool) => doneAt(model, tool));
  }
  return [];
}

/** Tools beside each other, up to the next call of a model that is no tool's. */
function toolsIn(model: TraceModel, from: number, to: number): number[] {
  const tools: number[] = [];
  for (let at = from; at < to; ) {
    const kind = SHOWN_KINDS[model.kind[at] ?? 0];
    if (kind === "model") break;
    const isTool = kind === "tool" || kind === "retrieval";
    if (isTool) tools.push(at);
    at = isTool || kind === "agent" ? (model.last[at] ?? to) : at + 1;
  }
  return tools;
}

function isAgent(model: TraceModel, at: number): boolean {
  const kind = SHOWN_KINDS[model.kind[at] ?? 0];
  return kind === "agent" || kind === "turn" || kind === "tool";
}

function doneAt(model: TraceModel, tool: number): DoneTool {
  const flags = model.flags[tool] ?? 0;
  const state = flags & RUNNING ? "running" : flags & INTERRUPTED ? "interrupted" : "ended";
  return {
    ...{ name: labelAt(model, tool), state, hasFailed: (flags & FAILED) !== 0 },
    ms: (model.end[tool] ?? 0) - (model.start[tool] ?? 0),
  };
}
