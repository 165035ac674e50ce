// A trace or a conversation as trajectories of ATIF: those that were imported as they were, all else as one.

import type { OfferedTool } from "../conventions/messages.ts";
import type { KnownSpan } from "../conventions/once.ts";
import { wordsIn } from "../conventions/values.ts";
import { idText } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import { ATIF_VERSION, type AtifAgent, type AtifTrajectory } from "./atif.ts";
import { rebuiltTrajectories } from "./atif-rebuild.ts";
import { type MakeTrajectory, Steps, whereabouts } from "./atif-steps.ts";
import type { Subject } from "./subject.ts";

/** The trajectories, one after the other. */
export async function* atifTrajectories(subject: Subject): AsyncGenerator<object> {
  const imported = new Set<string>();
  for await (const { traceId, spans } of subject.traces()) {
    const rebuilt = rebuiltTrajectories(spans);
    if (rebuilt.length > 0) imported.add(traceId);
    yield* rebuilt;
  }
  const { steps, agent } = await builtSteps(subject, imported);
  if (agent !== undefined) yield trajectoryOf(subject, steps, agent);
}

async function builtSteps(
  subject: Subject,
  imported: ReadonlySet<string>,
): Promise<{ readonly steps: Steps; readonly agent: KnownSpan | undefined }> {
  const steps = new Steps(subject.prices, subTrajectories(subject));
  let agent: KnownSpan | undefined;
  for await (const { summary, told } of subject.turns()) {
    if (imported.has(String(summary.id))) continue;
    agent ??= told.head ?? told.teller ?? told.first;
    steps.addTurn(told);
  }
  return { steps, agent };
}

function subTrajectories(subject: Subject): MakeTrajectory {
  const make: MakeTrajectory = (id, agent, fill) => {
    const steps = new Steps(subject.prices, make);
    fill(steps);
    return {
      ...common(subject, id),
      agent: agentOf(agent, steps),
      ...filled(steps),
      extra: { tracelight: whereabouts(agent) },
    };
  };
  return make;
}

function trajectoryOf(subject: Subject, steps: Steps, agent: KnownSpan): AtifTrajectory {
  const { summary, id } = subject;
  return {
    ...common(subject, idText(id.id)),
    agent: agentOf(agent, steps),
    ...filled(steps),
    final_metrics: {
      total_prompt_tokens: summary.inputTokens,
      total_completion_tokens: summary.outputTokens,
      total_cached_tokens: summary.cachedReadTokens,
      ...defined({ total_cost_usd: summary.costUsd }),
      total_steps: steps.steps.length,
    },
  };
}

function common({ id }: Subject, trajectoryId: string) {
  return { schema_version: ATIF_VERSION, session_id: idText(id.id), trajectory_id: trajectoryId } as const;
}

/** A trajectory has at least one step. */
function filled({ steps, subagents }: Steps): Pick<AtifTrajectory, "steps" | "subagent_trajectories"> {
  const some = steps.length > 0 ? steps : [{ step_id: 1, source: "system", message: "" } as const];
  return { steps: some, ...(subagents.length === 0 ? {} : { subagent_trajectories: subagents }) };
}

function agentOf({ reading, span }: KnownSpan, { model, tools }: Steps): AtifAgent {
  return {
    name: reading.agent ?? span.spanName,
    version: wordsIn(span.resourceAttributes["service.version"]) ?? "unknown",
    ...defined({ model_name: model }),
    ...(tools.length === 0 ? {} : { tool_definitions: tools.map(definitionOf) }),
  };
}

/** As OpenAI's API has it, which ATIF's own examples do too. */
function definitionOf({ name, description, schema }: OfferedTool): object {
  return { type: "function", function: { name, ...defined({ description, parameters: schema }) } };
}
