// Codex's rollouts: what each line of `~/.codex/sessions/**/rollout-*.jsonl` adds to a thread.
//
// As codex-rs/protocol of github.com/openai/codex describes them (`RolloutLine`), of 2025 and 2026.
import { structured } from "../../conventions/json-text.ts";
import { NAMES } from "../../conventions/names.ts";
import { countIn, fieldIn, firstField, isAnObject, textIn, wordsIn } from "../../conventions/values.ts";
import { parseIsoMicros } from "../../model/clock.ts";
import { defined } from "../../model/defined.ts";
import { invalid } from "../../model/record-reader.ts";
import { isTime } from "../../model/times.ts";
import type { Agents } from "./agents.ts";
import type { Thread } from "./thread.ts";

/** True for a line of a rollout. */
export function isCodex(json: object): boolean {
  const type = fieldIn(json, "type");
  return typeof type === "string" && TYPES.has(type) && isAnObject(fieldIn(json, "payload"));
}

const TYPES: ReadonlySet<string> = new Set([
  ...["session_meta", "response_item", "event_msg", "turn_context", "compacted", "world_state"],
  ...["inter_agent_communication"],
]);

/** A line and what is known of all. */
export interface CodexLine {
  readonly type: string;
  readonly payload: object;
  readonly at: number;
  /** About how long it is as text. */
  readonly size: number;
}

/** The parts of a line that all have. Throws `INVALID_RECORD` where it has no time. */
export function codexLine(json: object, size: number): CodexLine {
  const time = fieldIn(json, "timestamp");
  const at = typeof time === "string" ? parseIsoMicros(time) : undefined;
  const payload = fieldIn(json, "payload");
  if (!isTime(at) || !isAnObject(payload))
    throw invalid(`A line of a Codex rollout has no "timestamp" that is one.`);
  return { type: textIn(fieldIn(json, "type")) ?? "", payload, at, size };
}

/** What the first line of a rollout says. */
export interface Rollout {
  readonly id: string;
  readonly forkedFrom?: string | undefined;
  /** Of a sub-agent: whose. */
  readonly parent?: string | undefined;
  readonly agent?: string | undefined;
  readonly version?: string | undefined;
  readonly instructions?: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** The first line of a rollout. */
export function rolloutOf({ payload }: CodexLine): Rollout {
  const spawned = fieldIn(fieldIn(fieldIn(payload, "source"), "subagent"), "thread_spawn");
  const base = fieldIn(payload, "base_instructions");
  const parent = wordsIn(fieldIn(spawned, "parent_thread_id"));
  return {
    id: wordsIn(firstField(payload, "id", "session_id")) ?? "codex",
    forkedFrom: wordsIn(fieldIn(payload, "forked_from_id")) ?? parent,
    parent,
    agent: wordsIn(firstField(spawned, "agent_role", "agent_nickname")),
    version: wordsIn(fieldIn(payload, "cli_version")),
    instructions: fieldIn(base, "text") ?? fieldIn(payload, "instructions") ?? undefined,
    attributes: defined({
      "codex.cwd": wordsIn(fieldIn(payload, "cwd")),
      "codex.originator": wordsIn(fieldIn(payload, "originator")),
      "codex.git_branch": wordsIn(fieldIn(fieldIn(payload, "git"), "branch")),
    }),
  };
}

/** One rollout's lines. */
export class CodexThread {
  readonly thread: Thread;
  readonly #agents: Agents;
  readonly #rollout: Rollout;
  #model: string | undefined;
  #context: Readonly<Record<string, unknown>> = {};
  /** True where the turn was begun by a line that says so: what the user says meanwhile is of it. */
  #isTold = false;
  #calls = 0;
  /** True where a tool has answered since the call: the next item is of another. */
  #isAnswered = false;
  #totals = "";
  #total: unknown;

  constructor(thread: Thread, agents: Agents, rollout: Rollout) {
    this.thread = thread;
    this.#agents = agents;
    this.#rollout = rollout;
  }

  /** True for the first line of another rollout: not for a repetition, nor for that of what this one goes on from. */
  isOther({ id }: Rollout): boolean {
    return id !== this.#rollout.id && id !== this.#rollout.forkedFrom;
  }

  /** Takes a line. */
  take(line: CodexLine): void {
    const { type, payload, at, size } = line;
    if (type === "turn_context") this.#contextOf(payload);
    else if (type === "event_msg") this.#event(payload, at);
    else if (type === "response_item") this.#item(payload, at, size);
    else if (type === "compacted") this.#compacted(line);
  }

  #contextOf(payload: object): void {
    this.#model = wordsIn(fieldIn(payload, "model")) ?? this.#model;
    this.#context = defined({
      "codex.approval_policy": wordsIn(fieldIn(payload, "approval_policy")),
      "codex.effort": wordsIn(fieldIn(payload, "effort")),
    });
    if (!this.thread.isSettled) this.thread.tellTurn(this.#context);
  }

  #ask(key: string, at: number, input?: unknown): void {
    const { id, attributes = {} } = this.#rollout;
    this.#isAnswered = false;
    this.thread.ask({ key: `${id} ${key}`, at, input, attributes: { ...attributes, ...this.#context } });
  }

  #event(payload: object, at: number): void {
    const type = fieldIn(payload, "type");
    if (type === "task_started" || type === "turn_started") {
      this.#isTold = true;
      this.#ask(wordsIn(fieldIn(payload, "turn_id")) ?? String(at), at);
    } else if (type === "user_message") this.#userSaid(textIn(fieldIn(payload, "message")), at);
    else if (type === "token_count") this.#tokens(fieldIn(payload, "info"));
    else if (type === "task_complete" || type === "turn_complete") this.#complete(payload, at);
    else if (type === "turn_aborted") this.thread.abort(at);
    else if (type === "error" || type === "stream_error")
      this.thread.event(type, at, defined({ error: textIn(fieldIn(payload, "message")) }));
    else if (type === "collab_agent_spawn_end") this.#spawned(payload);
  }

  #userSaid(words: string | undefined, at: number): void {
    const { thread } = this;
    if (words === undefined) return;
    if (thread.isInTurn && !thread.isSettled && thread.asked === undefined) return thread.input(words);
    // Told twice: as an item, and as an event.
    const isSame = thread.isInTurn && thread.asked === words && thread.callKey === undefined;
    if (!isSame && !(this.#isTold && thread.isInTurn && !thread.isSettled)) this.#ask(String(at), at, words);
  }

  #complete(payload: object, at: number): void {
    const answer = wordsIn(fieldIn(payload, "last_agent_message"));
    if (answer !== undefined) this.thread.answer(answer);
    this.thread.endCall();
    this.thread.settle(at);
    this.#isTold = false;
  }

  /** Told again with other things; each answer counts once. */
  #tokens(info: unknown): void {
    const total = fieldIn(info, "total_token_usage");
    const totals = JSON.stringify(total) ?? "";
    const last = fieldIn(info, "last_token_usage") ?? differenceOf(total, this.#total);
    const isNew = total === undefined || totals !== this.#totals;
    [this.#totals, this.#total] = [totals, total ?? this.#total];
    if (!isNew || !isAnObject(last)) return;
    const { thread } = this;
    if (thread.told(NAMES.responseUsage) === undefined) thread.tell({ [NAMES.responseUsage]: last });
    this.#isAnswered = true;
  }

  #item(item: object, at: number, size: number): void {
    const type = textIn(fieldIn(item, "type")) ?? "";
    if (OUTPUTS.has(type)) this.#output(item, at, size);
    else if (type === "message" && fieldIn(item, "role") !== "assistant") this.#said(item, at, size);
    else if (!SILENT.has(type)) this.#answered(item, { type, at, size });
  }

  /** What went in: the user's words, and what Codex puts before them. */
  #said(item: object, at: number, size: number): void {
    const { thread } = this;
    const words = wordsOf(fieldIn(item, "content"));
    const isUsers = fieldIn(item, "role") === "user" && words !== undefined && !SURROUNDINGS.test(words);
    if (isUsers) this.#userSaid(words, at);
    thread.history.add(item, size);
    this.#isAnswered = true;
  }

  #answered(item: object, { type, at, size }: { type: string; at: number; size: number }): void {
    const { thread } = this;
    if (this.#isAnswered || thread.callKey === undefined) {
      thread.endCall();
      this.#calls++;
      this.#isAnswered = false;
    }
    const key = `${this.#rollout.id} ${wordsIn(fieldIn(item, "id")) ?? ""} ${at} ${this.#calls}`;
    const content = type === "message" ? listIn(fieldIn(item, "content")) : [item];
    const { instructions } = this.#rollout;
    thread.say(
      {
        ...{ key: thread.callKey ?? key, id: key, at, size, model: this.#model },
        attributes: instructions === undefined ? {} : { [NAMES.requestSystem]: instructions },
      },
      content,
    );
    this.#want(item, type, at);
    // Older versions do not say when a turn is complete.
    if (type === "message" && !this.#isTold) thread.settle(at);
  }

  #want(item: object, type: string, at: number): void {
    const id = wordsIn(firstField(item, "call_id", "id"));
    if (!CALLS.has(type) || id === undefined || this.thread.isOpen(id)) return;
    const name = wordsIn(fieldIn(item, "name")) ?? type.replace(/_call$/, "");
    const input = structured(firstField(item, "arguments", "input", "action"));
    this.thread.want({ id, name, input, at });
    const place = this.thread.placeOf(id);
    if (name === "spawn_agent" && place !== undefined)
      this.#agents.start({
        ...{ conversation: this.thread.setup.conversation, toolId: id, prompt: undefined, place },
        name: wordsIn(fieldIn(input, "agent_type")),
      });
    // A search is done by the provider: it has no result of its own.
    if (BY_PROVIDER.has(type)) this.thread.give(id, { output: fieldIn(item, "status"), at });
  }

  #output(item: object, at: number, size: number): void {
    const { thread } = this;
    const id = wordsIn(fieldIn(item, "call_id"));
    const output = structured(fieldIn(item, "output"));
    if (id !== undefined) {
      const agentId =
        thread.toolName(id) === "spawn_agent" ? wordsIn(fieldIn(output, "agent_id")) : undefined;
      if (agentId !== undefined) this.#agents.link(agentId, id);
      thread.give(id, { output: outputOf(output), at, error: errorIn(output) });
    }
    thread.history.add(item, size);
    this.#isAnswered = true;
  }

  #spawned(payload: object): void {
    const [agentId, id] = [wordsIn(fieldIn(payload, "new_thread_id")), wordsIn(fieldIn(payload, "call_id"))];
    if (agentId !== undefined && id !== undefined) this.#agents.link(agentId, id);
  }

  #compacted({ payload, at, size }: CodexLine): void {
    const left = fieldIn(payload, "replacement_history");
    const summary = { type: "compaction", content: textIn(fieldIn(payload, "message")) ?? "" };
    const list = Array.isArray(left) && left.length > 0 ? left : [{ role: "user", content: [summary] }];
    this.thread.history.replace(list, size);
    const preTokens = countIn(fieldIn(this.thread.told(NAMES.responseUsage), "input_tokens"));
    this.thread.event("compaction", at, defined({ preTokens }));
    this.#isAnswered = true;
  }
}

/** Tokens of an answer where only those of all are told. */
function differenceOf(total: unknown, before: unknown): Record<string, unknown> | undefined {
  if (!isAnObject(total)) return undefined;
  return Object.fromEntries(
    Object.entries(total).map(([name, count]) => [
      name,
      Math.max(0, (countIn(count) ?? 0) - (countIn(fieldIn(before, name)) ?? 0)),
    ]),
  );
}

/** Older versions put the output into JSON with an exit code. */
function outputOf(output: unknown): unknown {
  return isAnObject(fieldIn(output, "metadata")) ? (fieldIn(output, "output") ?? output) : output;
}

function errorIn(output: unknown): string | undefined {
  const code = countIn(fieldIn(fieldIn(output, "metadata"), "exit_code") ?? fieldIn(output, "exit_code"));
  if (code !== undefined && code !== 0) return `exit code ${code}`;
  const words =
    typeof output === "string"
      ? /^(?:[^\n]{0,200}\n){0,4}?(?:Process exited with|Exit) code:? (\d{1,3})\n/.exec(output)
      : null;
  return words === null || words[1] === "0" ? undefined : `exit code ${words[1]}`;
}

function listIn(content: unknown): readonly unknown[] {
  return Array.isArray(content) ? content : [content];
}

function wordsOf(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.flatMap((part) => textIn(fieldIn(part, "text")) ?? []);
  return texts.length === 0 ? undefined : texts.join("\n");
}

const OUTPUTS: ReadonlySet<string> = new Set([
  "function_call_output",
  "custom_tool_call_output",
  "tool_search_output",
]);
const BY_PROVIDER: ReadonlySet<string> = new Set(["web_search_call", "image_generation_call"]);
const CALLS: ReadonlySet<string> = new Set([
  ...["function_call", "custom_tool_call", "local_shell_call", "tool_search_call"],
  ...BY_PROVIDER,
]);
/** Of no answer. */
const SILENT: ReadonlySet<string> = new Set([
  ...["ghost_snapshot", "compaction", "context_compaction", "compaction_trigger"],
  ...["additional_tools", "agent_message"],
]);
/** What Codex says in the user's place. */
const SURROUNDINGS =
  /^\s{0,9}(?:<(?:environment_context|user_instructions|ENVIRONMENT|turn_aborted|INSTRUCTIONS|permissions|skill)|# AGENTS\.md)/;
