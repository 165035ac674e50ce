// ATIF, the Agent Trajectory Interchange Format of Harbor: the fields of a trajectory, as version 1.7 has them (RFC 0001).
import { fieldIn } from "../conventions/values.ts";

/** The version that is written; all of 1.x are read. */
export const ATIF_VERSION = "ATIF-v1.7";

/** True for a trajectory of ATIF. */
export function isAtif(json: object): boolean {
  const version = fieldIn(json, "schema_version");
  return typeof version === "string" && /^ATIF-v1\.\d/.test(version) && "steps" in json;
}

/** Anything that fits no field. */
type AtifExtra = Readonly<Record<string, unknown>>;

/** What one agent did. */
export interface AtifTrajectory {
  readonly schema_version: typeof ATIF_VERSION;
  /** The run: sub-agents share it. */
  readonly session_id?: string;
  /** Tells the trajectory from others; those of sub-agents are referred to by it. */
  readonly trajectory_id: string;
  readonly agent: AtifAgent;
  readonly steps: readonly AtifStep[];
  readonly final_metrics?: AtifFinalMetrics;
  readonly subagent_trajectories?: readonly AtifTrajectory[];
  readonly extra?: AtifExtra;
}

/** Who did it. */
export interface AtifAgent {
  readonly name: string;
  readonly version: string;
  readonly model_name?: string | undefined;
  readonly tool_definitions?: readonly object[] | undefined;
}

/** Text, or a list of texts and images. */
export type AtifContent = string | readonly object[];

/** One message, with what was done for it. */
export interface AtifStep {
  /** 1, 2 and so on. */
  readonly step_id: number;
  readonly timestamp?: string;
  readonly source: "system" | "user" | "agent";
  readonly message: AtifContent;
  readonly model_name?: string | undefined;
  readonly reasoning_content?: string | undefined;
  /** Grows as calls are found. */
  tool_calls?: AtifToolCall[];
  /** Grows as answers are found. */
  observation?: { readonly results: AtifResult[] };
  readonly metrics?: AtifMetrics | undefined;
  /** Model calls of the step; 0 for what no model said. */
  readonly llm_call_count?: number;
  readonly extra?: AtifExtra;
}

/** A call of a tool. */
export interface AtifToolCall {
  readonly tool_call_id: string;
  readonly function_name: string;
  readonly arguments: object;
  /** Said when the call was made. */
  extra?: AtifExtra;
}

/** What a tool answered, or a sub-agent did. */
export interface AtifResult {
  readonly source_call_id?: string;
  readonly content?: AtifContent | undefined;
  readonly subagent_trajectory_ref?: readonly { readonly trajectory_id: string }[] | undefined;
}

/** Tokens and cost of a step. */
export interface AtifMetrics {
  /** Cached ones included. */
  readonly prompt_tokens?: number | undefined;
  readonly completion_tokens?: number | undefined;
  readonly cached_tokens?: number | undefined;
  readonly cost_usd?: number | undefined;
  readonly extra?: AtifExtra;
}

/** Of all steps. */
interface AtifFinalMetrics {
  readonly total_prompt_tokens: number;
  readonly total_completion_tokens: number;
  readonly total_cached_tokens: number;
  readonly total_cost_usd?: number | undefined;
  readonly total_steps: number;
}
