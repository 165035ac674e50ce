// Transcripts of coding agents, line by line, as spans: those of Claude Code and of Codex, several of them together.
import { fieldIn, textIn, wordsIn } from "../../conventions/values.ts";
import { isDeeperThan, MAX_NESTING } from "../../model/depth.ts";
import type { SpanPlace } from "../../model/ids.ts";
import { invalid } from "../../model/record-reader.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { SpanNumbers } from "../../model/span-numbers.ts";
import { Agents } from "./agents.ts";
import { ClaudeThread, claudeLine, isClaudeCode, promptIn } from "./claude-code.ts";
import { type CodexLine, CodexThread, codexLine, isCodex, type Rollout, rolloutOf } from "./codex.ts";
import { Thread, type ThreadSetup } from "./thread.ts";

/** True for a line of a transcript. */
export function isTranscript(json: object): boolean {
  return isClaudeCode(json) || isCodex(json);
}

/** A thread that lines come for. */
type Open = ClaudeThread | CodexThread;

/** Reads transcripts, any number of files one after the other. Ids come from what the lines say: read again, the spans are the same. */
export class Transcripts {
  readonly #agents = new Agents();
  readonly #withMessages: boolean;
  /** The latest come last. */
  readonly #open = new Map<string, Open>();
  /** A resumed session begins with what was said before: each span is given once. */
  readonly #given = new SpanNumbers();
  #whole: SpanFields[] = [];
  /** Those that a line came for since they were asked for last. */
  readonly #touched = new Set<Open>();
  /** Of sidechains of older versions, which have no id: the first line of each, by the lines. */
  readonly #sidechains = new Map<string, string>();

  /** A listing has no need of the messages that models were given: they are most of what has to be remembered. */
  constructor({ withMessages = true }: { readonly withMessages?: boolean } = {}) {
    this.#withMessages = withMessages;
  }

  /**
   * The spans that are whole with this line, which is about `size` long and of that file.
   * @throws TracelightError `INVALID_RECORD`
   */
  take(json: object, size: number, file: string): readonly SpanFields[] {
    if (isDeeperThan(json, MAX_NESTING)) throw invalid(`The line nests deeper than ${MAX_NESTING} levels.`);
    if (isCodex(json)) this.#codex(codexLine(json, size), file);
    else this.#claude(json, size, file);
    return this.#taken();
  }

  /** The spans that are not over, as they are now. */
  *open(isLive: boolean): Generator<SpanFields> {
    for (const { thread } of this.#open.values())
      for (const span of thread.open(isLive)) if (!this.#isGiven(span)) yield span;
  }

  /** The same of those that a line came for since the last time. */
  *changed(): Generator<SpanFields> {
    for (const { thread } of this.#touched)
      for (const span of thread.open(true)) if (!this.#isGiven(span)) yield span;
    this.#touched.clear();
  }

  /** The file is at its end: what is open is given as it is now, and nothing more is expected of it. */
  end(isLive: boolean): readonly SpanFields[] {
    for (const { thread } of this.#open.values()) for (const span of thread.open(isLive)) this.#emit(span);
    this.#open.clear();
    this.#touched.clear();
    this.#sidechains.clear();
    return this.#taken();
  }

  /** The same of those alone that a line came for since the last time: nobody writes them any more. */
  endTouched(): readonly SpanFields[] {
    for (const [key, open] of this.#open) {
      if (!this.#touched.has(open)) continue;
      for (const span of open.thread.open(false)) this.#emit(span);
      this.#open.delete(key);
    }
    this.#touched.clear();
    return this.#taken();
  }

  /** The file may go on later. */
  pause(): void {
    this.#touched.clear();
  }

  #taken(): readonly SpanFields[] {
    if (this.#whole.length === 0) return NONE;
    const whole = this.#whole;
    this.#whole = [];
    return whole;
  }

  readonly #emit = (span: SpanFields): void => {
    const { size } = this.#given;
    this.#given.ofSpan(0, span.spanId);
    if (this.#given.size > size) this.#whole.push(span);
  };

  #isGiven({ spanId }: SpanFields): boolean {
    return this.#given.has(0, spanId);
  }

  #claude(json: object, size: number, file: string): void {
    const line = claudeLine(json, size);
    const session = wordsIn(fieldIn(json, "sessionId"));
    // A title is written without its session.
    if (session === undefined) return;
    const agentId = this.#agentOf(json);
    const key = `${session} ${agentId ?? file}`;
    const known = this.#open.get(key);
    const open = known instanceof ClaudeThread ? known : this.#claudeThread(json, session, agentId);
    this.#keep(key, open);
    open.take(line);
  }

  #claudeThread(json: object, conversation: string, agentId: string | undefined): ClaudeThread {
    const task =
      agentId === undefined ? undefined : this.#agents.taskOf(agentId, conversation, promptIn(json));
    const version = wordsIn(fieldIn(json, "version"));
    const own = agentId === undefined ? "claude-code" : (wordsIn(fieldIn(json, "agentName")) ?? task?.name);
    const thread = this.#thread("claude-code", version, {
      ...{ conversation, agent: own ?? "agent", subcontext: agentId, below: task?.place },
    });
    return new ClaudeThread(thread, this.#agents);
  }

  #agentOf(json: object): string | undefined {
    const agentId = wordsIn(fieldIn(json, "agentId"));
    if (agentId !== undefined || fieldIn(json, "isSidechain") !== true) return agentId;
    const uuid = textIn(fieldIn(json, "uuid")) ?? "";
    const first = this.#sidechains.get(textIn(fieldIn(json, "parentUuid")) ?? "") ?? uuid;
    if (this.#sidechains.size < MAX_SIDECHAIN_LINES) this.#sidechains.set(uuid, first);
    return first;
  }

  #codex(line: CodexLine, file: string): void {
    const known = this.#open.get(file);
    const open = known instanceof CodexThread ? known : undefined;
    const rollout = line.type === "session_meta" ? rolloutOf(line) : undefined;
    // What a fork or a sub-agent begins with is the other's, its first line too.
    const isNew = open === undefined || (rollout !== undefined && open.isOther(rollout));
    if (isNew && open !== undefined) open.thread.endTurn();
    const thread = isNew ? this.#codexThread(rollout ?? { id: file }) : open;
    this.#keep(file, thread);
    thread.take(line);
  }

  #codexThread(rollout: Rollout): CodexThread {
    const { id, parent, version, agent } = rollout;
    const task = parent === undefined ? undefined : this.#agents.taskOf(id, parent, undefined);
    const thread = this.#thread("codex", version, {
      conversation: task?.conversation ?? parent ?? id,
      agent: parent === undefined ? "codex" : (agent ?? task?.name ?? "agent"),
      subcontext: parent === undefined ? undefined : id,
      below: task?.place,
    });
    return new CodexThread(thread, this.#agents, rollout);
  }

  #thread(
    vendor: string,
    version: string | undefined,
    rest: Pick<ThreadSetup, "conversation" | "agent" | "subcontext"> & {
      readonly below: SpanPlace | undefined;
    },
  ): Thread {
    return new Thread({
      ...{
        vendor,
        emit: this.#emit,
        withMessages: this.#withMessages,
        scope: version === undefined ? { name: vendor } : { name: vendor, version },
      },
      resource: {
        "service.name": vendor,
        ...(version === undefined ? {} : { "service.version": version }),
      },
      ...rest,
    });
  }

  /** Of too many that are open the one goes that had no line for longest. */
  #keep(key: string, open: Open): void {
    this.#open.delete(key);
    this.#open.set(key, open);
    this.#touched.add(open);
    if (this.#open.size <= MAX_OPEN) return;
    for (const [oldest, { thread }] of this.#open) {
      thread.endTurn();
      this.#open.delete(oldest);
      for (const touched of this.#touched) if (touched.thread === thread) this.#touched.delete(touched);
      return;
    }
  }
}

const NONE: readonly SpanFields[] = [];
const MAX_OPEN = 500;
const MAX_SIDECHAIN_LINES = 200_000;
