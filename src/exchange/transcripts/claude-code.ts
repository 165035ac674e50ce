// Claude Code's transcripts: what each line of `~/.claude/projects/**/*.jsonl` adds to a thread.
//
// As its versions 1.0 to 2.1 write them: https://code.claude.com/docs/en/claude-directory, and the types of the Claude Agent SDK.
import { NAMES } from "../../conventions/names.ts";
import { countIn, fieldIn, isAnObject, textIn, wordsIn } from "../../conventions/values.ts";
import { parseIsoMicros } from "../../model/clock.ts";
import { defined } from "../../model/defined.ts";
import { invalid } from "../../model/record-reader.ts";
import { isTime } from "../../model/times.ts";
import type { Agents } from "./agents.ts";
import type { Thread } from "./thread.ts";

/** True for a line of such a transcript. */
export function isClaudeCode(json: object): boolean {
  const type = fieldIn(json, "type");
  if (typeof type !== "string") return false;
  if (type === "summary") return typeof fieldIn(json, "leafUuid") === "string";
  if (type === "file-history-snapshot") return isAnObject(fieldIn(json, "snapshot"));
  if (typeof fieldIn(json, "sessionId") !== "string") return false;
  return ("uuid" in json && "parentUuid" in json) || BESIDE.has(type);
}

/** Lines about a session that are no messages. */
const BESIDE: ReadonlySet<string> = new Set([
  ...["queue-operation", "ai-title", "custom-title", "agent-name", "last-prompt", "mode", "tag"],
  ...["permission-mode", "pr-link", "progress", "attribution-snapshot", "worktree-state"],
]);

/** A line and what is known of all. */
export interface ClaudeLine {
  readonly json: object;
  readonly type: string;
  readonly at: number;
  /** About how long it is as text. */
  readonly size: number;
}

/** The parts of a line that all have. Throws `INVALID_RECORD` where it has no time. */
export function claudeLine(json: object, size: number): ClaudeLine {
  const type = textIn(fieldIn(json, "type")) ?? "";
  const time = fieldIn(json, "timestamp");
  const at = typeof time === "string" ? parseIsoMicros(time) : undefined;
  if (isTime(at)) return { json, type, at, size };
  if (!TIMED.has(type)) return { json, type, at: 0, size };
  throw invalid(`The ${type} line of a transcript has no "timestamp" that is one.`);
}

const TIMED: ReadonlySet<string> = new Set(["user", "assistant", "system", "attachment"]);

/** What the first words to a sub-agent are, where the line has them. */
export function promptIn(json: object): string | undefined {
  const content = fieldIn(fieldIn(json, "message"), "content");
  return fieldIn(json, "type") === "user" ? wordsOf(content) : undefined;
}

/** One thread's lines, and where each was. */
export class ClaudeThread {
  readonly thread: Thread;
  readonly #agents: Agents;
  /** How many messages there were after each line: the user may go back. */
  readonly #lengths = new Map<string, number>();
  /** Of the latest turn. */
  #promptId: string | undefined;

  constructor(thread: Thread, agents: Agents) {
    this.thread = thread;
    this.#agents = agents;
  }

  /** Takes a line. Throws `INVALID_RECORD` where it is none. */
  take(line: ClaudeLine): void {
    const { type, json } = line;
    if (type === "user") this.#user(line);
    else if (type === "assistant") this.#assistant(line);
    else if (type === "system") this.#system(line);
    else if (type === "attachment") this.#attachment(line);
    else if (type === "progress") this.#progress(json);
    const uuid = textIn(fieldIn(json, "uuid"));
    if (uuid !== undefined && this.#lengths.size < MAX_LINES)
      this.#lengths.set(uuid, this.thread.history.length);
  }

  #user(line: ClaudeLine): void {
    const { json, at, size } = line;
    const message = fieldIn(json, "message");
    const content = fieldIn(message, "content");
    if (!isAnObject(message) || content === undefined)
      throw invalid("A user line of a transcript has no message.");
    if (fieldIn(json, "isCompactSummary") === true) return this.#compacted(content, size);
    const results = Array.isArray(content) ? content.filter(isResult) : [];
    const words = wordsOf(content);
    const isMeta = fieldIn(json, "isMeta") === true;
    if (results.length > 0) this.#results(results, line);
    else if (words !== undefined && INTERRUPTED.test(words)) this.thread.abort(at);
    else if (words !== undefined && LOCAL_OUTPUT.test(words)) this.#local(words, at);
    else if (!isMeta) this.#prompt(line, content, words);
    this.thread.history.add(message, size);
  }

  #prompt({ json, at }: ClaudeLine, content: unknown, words: string | undefined): void {
    const { thread } = this;
    const parent = fieldIn(json, "parentUuid");
    const length = typeof parent === "string" ? this.#lengths.get(parent) : 0;
    if (length !== undefined) thread.history.rewind(length);
    const uuid = textIn(fieldIn(json, "uuid")) ?? String(at);
    const promptId = textIn(fieldIn(json, "promptId"));
    const isSame = promptId !== undefined && promptId === this.#promptId;
    // What the user adds while the agent works.
    if (isSame && thread.isInTurn && !thread.isSettled) return;
    this.#promptId = promptId;
    const { subcontext } = thread.setup;
    thread.ask({
      // A session and its sub-agents have the same prompt.
      key: subcontext !== undefined ? `${subcontext} ${uuid}` : isSame ? uuid : (promptId ?? uuid),
      at,
      input: commandIn(words) ?? words ?? content,
      attributes: defined({
        "claude_code.cwd": wordsIn(fieldIn(json, "cwd")),
        "claude_code.git_branch": wordsIn(fieldIn(json, "gitBranch")),
        "claude_code.permission_mode": wordsIn(fieldIn(json, "permissionMode")),
      }),
    });
  }

  /** What a command of Claude Code itself printed. */
  #local(words: string, at: number): void {
    const output = /^<local-command-std(?:out|err)>([\s\S]*?)<\/local-command-std/.exec(words)?.[1];
    if (output === undefined || !this.thread.isInTurn) return;
    this.thread.answer(output);
    this.thread.settle(at);
  }

  #compacted(content: unknown, size: number): void {
    const summary = { type: "compaction", content: wordsOf(content) ?? "" };
    this.thread.history.replace([{ role: "user", content: [summary] }], size);
  }

  #results(results: readonly object[], { json, at }: ClaudeLine): void {
    const told = fieldIn(json, "toolUseResult");
    for (const result of results) {
      const id = textIn(fieldIn(result, "tool_use_id"));
      if (id === undefined) continue;
      const agentId = results.length === 1 ? wordsIn(fieldIn(told, "agentId")) : undefined;
      if (agentId !== undefined) this.#agents.link(agentId, id);
      const output = fieldIn(result, "content");
      const isError = fieldIn(result, "is_error") === true;
      this.thread.give(id, { output, at, error: isError ? (wordsOf(output) ?? "failed") : undefined });
    }
  }

  #assistant(line: ClaudeLine): void {
    const { json, at, size } = line;
    const message = fieldIn(json, "message");
    const content = fieldIn(message, "content");
    if (!isAnObject(message) || !(Array.isArray(content) || typeof content === "string"))
      throw invalid("An assistant line of a transcript has no message.");
    const blocks: readonly unknown[] =
      typeof content === "string" ? [{ type: "text", text: content }] : content;
    const key = wordsIn(fieldIn(message, "id")) ?? wordsIn(fieldIn(json, "uuid")) ?? String(at);
    const requestId = wordsIn(fieldIn(json, "requestId"));
    const model = wordsIn(fieldIn(message, "model"));
    const { thread } = this;
    thread.say(
      {
        ...{ key, id: requestId ?? key, at, size, model: model === SYNTHETIC ? undefined : model },
        attributes: defined({ "claude_code.message_id": key, "claude_code.request_id": requestId }),
      },
      blocks,
    );
    this.#tell(message, json, blocks);
    for (const block of blocks) if (isAnObject(block)) this.#block(block, at);
    const hasWords = blocks.some((block) => fieldIn(block, "type") === "text");
    const reason = fieldIn(message, "stop_reason");
    if (hasWords && !blocks.some(isToolUse) && reason !== "tool_use" && reason !== "pause_turn")
      thread.settle(at);
  }

  /** The lines of one message tell of its tokens more than once: the one with the most is the last. */
  #tell(message: object, json: object, blocks: readonly unknown[]): void {
    const usage = fieldIn(message, "usage");
    const before = countIn(fieldIn(this.thread.told(NAMES.responseUsage), "output_tokens")) ?? -1;
    const isMore = (countIn(fieldIn(usage, "output_tokens")) ?? 0) >= before;
    const isError = fieldIn(json, "isApiErrorMessage") === true;
    this.thread.tell(
      defined({
        [NAMES.stopReason]: wordsIn(fieldIn(message, "stop_reason")),
        [NAMES.responseUsage]: isAnObject(usage) && isMore && !isError ? usage : undefined,
      }),
    );
    if (isError) this.thread.fail(wordsOf(blocks) ?? "API error");
  }

  #block(block: object, at: number): void {
    if (!isToolUse(block)) return;
    const id = wordsIn(fieldIn(block, "id"));
    const name = wordsIn(fieldIn(block, "name")) ?? "tool";
    if (id === undefined || this.thread.isOpen(id)) return;
    const input = fieldIn(block, "input");
    this.thread.want({ id, name, input, at });
    const place = this.thread.placeOf(id);
    if (!TASKS.has(name) || place === undefined) return;
    const { conversation } = this.thread.setup;
    const prompt = textIn(fieldIn(input, "prompt"));
    this.#agents.start({
      ...{ conversation, toolId: id, prompt, place, name: wordsIn(fieldIn(input, "subagent_type")) },
    });
  }

  #system({ json, at }: ClaudeLine): void {
    const subtype = fieldIn(json, "subtype");
    if (subtype === "compact_boundary") {
      const { trigger, preTokens, postTokens } = Object(fieldIn(json, "compactMetadata"));
      const numbers = { preTokens: countIn(preTokens), postTokens: countIn(postTokens) };
      this.thread.event("compaction", at, defined({ trigger: textIn(trigger), ...numbers }));
    } else if (subtype === "api_error") {
      this.thread.event("retry", at, retryOf(json));
    } else if (subtype === "turn_duration") this.thread.settle(at);
    else if (subtype === "local_command") this.#local(textIn(fieldIn(json, "content")) ?? "", at);
  }

  /** What was put into the prompt beside what the user said. */
  #attachment({ json, size }: ClaudeLine): void {
    const attachment = fieldIn(json, "attachment");
    if (!isAnObject(attachment)) return;
    const prompt =
      fieldIn(attachment, "type") === "queued_command" ? fieldIn(attachment, "prompt") : undefined;
    this.thread.history.add({ role: "user", content: prompt ?? [attachment] }, size);
  }

  #progress(json: object): void {
    const agentId = wordsIn(fieldIn(fieldIn(json, "data"), "agentId"));
    const toolId = wordsIn(fieldIn(json, "parentToolUseID"));
    if (agentId !== undefined && toolId !== undefined) this.#agents.link(agentId, toolId);
  }
}

function retryOf(json: object): Readonly<Record<string, unknown>> {
  const error = fieldIn(json, "error");
  return defined({
    attempt: countIn(fieldIn(json, "retryAttempt")),
    status: countIn(fieldIn(error, "status")),
    error: textIn(fieldIn(error, "message")) ?? textIn(error),
  });
}

/** The words of content that has nothing else; undefined where it has. */
function wordsOf(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content) || content.length === 0) return undefined;
  const texts = content.map((block) => textIn(fieldIn(block, "text")));
  return texts.every((text) => text !== undefined) ? texts.join("\n") : undefined;
}

/** A slash command, as it was typed. */
function commandIn(words: string | undefined): string | undefined {
  if (words === undefined || !words.includes("<command-name>")) return undefined;
  const name = /<command-name>([^<]{1,1000})<\/command-name>/.exec(words)?.[1];
  const args = /<command-args>([^<]{0,100000})<\/command-args>/.exec(words)?.[1] ?? "";
  return name === undefined ? undefined : `${name} ${args}`.trim();
}

function isResult(block: unknown): block is object {
  return isAnObject(block) && fieldIn(block, "type") === "tool_result";
}

function isToolUse(block: unknown): boolean {
  return fieldIn(block, "type") === "tool_use";
}

/** Tools that start agents. */
const TASKS: ReadonlySet<string> = new Set(["Task", "Agent"]);
const INTERRUPTED = /^\[Request interrupted by user/;
const LOCAL_OUTPUT = /^<local-command-/;
/** The model of what Claude Code says in a model's place. */
const SYNTHETIC = "<synthetic>";
const MAX_LINES = 200_000;
