// What a trajectory of ATIF 1.7 must be, as Harbor's RFC 0001 has it: fields, types, and what holds between them. Nothing else is let through.
import { z } from "zod";
import { fieldIn } from "../../src/conventions/values.ts";

const MEDIA = ["image/jpeg", "image/png", "image/gif", "image/webp"] as const;
const AGENT_ONLY = ["model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"] as const;

const extra = z.record(z.string(), z.unknown()).nullish();
const count = z.number().int().nullish();

const part = z.union([
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({
    type: z.literal("image"),
    source: z.strictObject({ media_type: z.enum(MEDIA), path: z.string() }),
  }),
]);
const content = z.union([z.string(), z.array(part)]);

const reference = z
  .strictObject({
    trajectory_id: z.string().nullish(),
    trajectory_path: z.string().nullish(),
    session_id: z.string().nullish(),
    extra,
  })
  .refine(({ trajectory_id, trajectory_path }) => (trajectory_id ?? trajectory_path ?? null) !== null);

const toolCall = z.strictObject({
  tool_call_id: z.string(),
  function_name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  extra,
});

const result = z.strictObject({
  source_call_id: z.string().nullish(),
  content: content.nullish(),
  subagent_trajectory_ref: z.array(reference).nullish(),
});

const metrics = z.strictObject({
  ...{ prompt_tokens: count, completion_tokens: count, cached_tokens: count },
  cost_usd: z.number().nullish(),
  prompt_token_ids: z.array(z.number().int()).nullish(),
  completion_token_ids: z.array(z.number().int()).nullish(),
  logprobs: z.array(z.number()).nullish(),
  extra,
});

const step = z
  .strictObject({
    step_id: z.number().int().min(1),
    timestamp: z.iso.datetime({ offset: true }).nullish(),
    source: z.enum(["system", "user", "agent"]),
    message: content,
    model_name: z.string().nullish(),
    reasoning_effort: z.union([z.string(), z.number()]).nullish(),
    reasoning_content: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish(),
    observation: z.strictObject({ results: z.array(result) }).nullish(),
    metrics: metrics.nullish(),
    is_copied_context: z.boolean().nullish(),
    llm_call_count: z.number().int().min(0).nullish(),
    extra,
  })
  .refine(
    (one) => one.source === "agent" || AGENT_ONLY.every((field) => (one[field] ?? null) === null),
    "what only agents say",
  )
  .refine(
    ({ llm_call_count, metrics: used, reasoning_content: thought }) =>
      llm_call_count !== 0 || ((used ?? null) === null && (thought ?? null) === null),
    "nothing of a model where none was called",
  )
  .refine(({ observation, tool_calls }) => {
    const ids = new Set(tool_calls?.map(({ tool_call_id }) => tool_call_id));
    const named = observation?.results.flatMap(({ source_call_id }) => source_call_id ?? []) ?? [];
    return named.every((id) => ids.has(id));
  }, "results are of calls of the step");

/** A trajectory. */
export const atifTrajectory: z.ZodType = z
  .strictObject({
    schema_version: z.literal("ATIF-v1.7"),
    session_id: z.string().nullish(),
    trajectory_id: z.string().nullish(),
    agent: z.strictObject({
      name: z.string(),
      version: z.string(),
      model_name: z.string().nullish(),
      tool_definitions: z.array(z.record(z.string(), z.unknown())).nullish(),
      extra,
    }),
    steps: z.array(step).min(1),
    notes: z.string().nullish(),
    final_metrics: z
      .strictObject({
        ...{ total_prompt_tokens: count, total_completion_tokens: count, total_cached_tokens: count },
        total_cost_usd: z.number().nullish(),
        total_steps: count,
        extra,
      })
      .nullish(),
    continued_trajectory_ref: z.string().nullish(),
    extra,
    subagent_trajectories: z.array(z.lazy(() => atifTrajectory)).nullish(),
  })
  .refine(({ steps }) => steps.every(({ step_id }, i) => step_id === i + 1), "steps are counted from 1")
  .refine(({ subagent_trajectories: subs }) => {
    const ids = idsOf(subs);
    return ids.every((id) => typeof id === "string" && id !== "") && new Set(ids).size === ids.length;
  }, "sub-agents have ids of their own")
  .refine(({ steps, subagent_trajectories: subs }) => {
    const ids = new Set(idsOf(subs));
    const refs = steps.flatMap(({ observation }) =>
      (observation?.results ?? []).flatMap(({ subagent_trajectory_ref }) => subagent_trajectory_ref ?? []),
    );
    return refs.every((ref) => (ref.trajectory_path ?? null) !== null || ids.has(ref.trajectory_id));
  }, "what is referred to is there");

function idsOf(trajectories: readonly unknown[] | null | undefined): unknown[] {
  return trajectories?.map((one) => fieldIn(one, "trajectory_id")) ?? [];
}
