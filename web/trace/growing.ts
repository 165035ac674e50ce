// A trace that grows: what is told of its spans is put into the columns that were read, so that a row need not wait for a new reading.
import { type ChangedSpanJson, spanIdsIn, type TraceJson } from "../../src/viewer/api.ts";

/** Columns that can grow. */
type Lists<Columns> = {
  readonly [Name in keyof Columns]: Columns[Name] extends readonly (infer Item)[] ? Item[] : never;
};

/** A trace as it was read, and what came since. */
export class GrowingTrace {
  readonly #read: TraceJson;
  #ids: string;
  readonly #spans: Lists<TraceJson["spans"]>;
  readonly #calls: Lists<TraceJson["calls"]>;
  readonly #tools: Lists<TraceJson["tools"]>;
  readonly #agents: Lists<TraceJson["agents"]>;
  readonly #marks: Lists<Pick<TraceJson, "failed" | "aborted" | "running" | "interrupted">>;
  readonly #allTexts: string[];
  readonly #places: Map<string, number>;
  readonly #texts: Map<string, number>;
  readonly #beganMicros: number;
  /** Spans whose parent is not here stand at the top until it comes. */
  #orphans = 0;

  constructor(trace: TraceJson) {
    const { spans, calls, tools, agents } = trace;
    const { parent, name, kind, start_us, duration_us } = spans;
    this.#spans = {
      ...{ parent: [...parent], name: [...name], kind: [...kind] },
      ...{ start_us: [...start_us], duration_us: [...duration_us] },
    };
    this.#calls = {
      ...{ span: [...calls.span], model: [...calls.model], cost_usd: [...calls.cost_usd] },
      ...{ input_tokens: [...calls.input_tokens], output_tokens: [...calls.output_tokens] },
      first_token_ms: [...calls.first_token_ms],
    };
    this.#tools = { span: [...tools.span], text: [...tools.text] };
    this.#agents = { span: [...agents.span], text: [...agents.text] };
    this.#marks = {
      ...{ failed: [...trace.failed], aborted: [...trace.aborted] },
      ...{ running: [...trace.running], interrupted: [...trace.interrupted] },
    };
    this.#allTexts = [...trace.texts];
    const lists = { spans: this.#spans, calls: this.#calls, tools: this.#tools, agents: this.#agents };
    this.#read = { ...trace, ...lists, ...this.#marks, texts: this.#allTexts };
    this.#ids = trace.ids;
    this.#places = new Map(spanIdsIn(trace).map((id, i) => [id, i]));
    this.#texts = new Map(trace.texts.map((text, i) => [text, i]));
    this.#beganMicros = microsOf(trace.started_at);
    for (const parent of trace.spans.parent) if (parent === ABSENT) this.#orphans++;
  }

  /** The trace with all that came. */
  get trace(): TraceJson {
    return { ...this.#read, ids: this.#ids };
  }

  /** Puts changes in. False where that needs a new reading: a span that began before others, or whose children came first. */
  take(changes: readonly ChangedSpanJson[]): boolean {
    const known = changes.filter(({ span_id }) => this.#places.has(span_id));
    const added = changes.filter(({ span_id }) => !this.#places.has(span_id));
    added.sort((a, b) => microsOf(a.started_at) - microsOf(b.started_at));
    const [first] = added;
    if (first !== undefined && !this.#fits(first)) return false;
    for (const span of added) this.#add(span);
    for (const span of known) this.#change(span);
    return true;
  }

  #fits({ started_at }: ChangedSpanJson): boolean {
    return this.#orphans === 0 && this.#sinceStart(started_at) >= (this.#spans.start_us.at(-1) ?? 0);
  }

  #add(span: ChangedSpanJson): void {
    const spans = this.#spans;
    const place = spans.parent.length;
    const parent = span.parent_span_id === null ? NONE : (this.#places.get(span.parent_span_id) ?? ABSENT);
    if (parent === ABSENT) this.#orphans++;
    this.#places.set(span.span_id, place);
    this.#ids += span.span_id;
    spans.parent.push(parent);
    spans.name.push(this.#text(span.name));
    spans.kind.push(this.#text(span.kind));
    spans.start_us.push(this.#sinceStart(span.started_at));
    spans.duration_us.push(null);
    this.#put(place, span);
  }

  /** What has ended does not run again: such news is older than the reading. */
  #change(span: ChangedSpanJson): void {
    const place = this.#places.get(span.span_id) ?? 0;
    const hasEnded = this.#spans.duration_us[place] !== null;
    if (!hasEnded || span.state === "ended") this.#put(place, span);
  }

  /** A later entry of a span stands for the earlier one. */
  #put(place: number, span: ChangedSpanJson): void {
    const [spans, calls, tools, agents] = [this.#spans, this.#calls, this.#tools, this.#agents];
    const ended = span.ended_at === null ? null : this.#sinceStart(span.ended_at);
    spans.name[place] = this.#text(span.name);
    spans.kind[place] = this.#text(span.kind);
    spans.duration_us[place] = ended === null ? null : ended - (spans.start_us[place] ?? 0);
    if (span.kind === "model-call" || span.input_tokens > 0 || span.output_tokens > 0) {
      calls.span.push(place);
      calls.model.push(span.model === null ? NONE : this.#text(span.model));
      calls.input_tokens.push(span.input_tokens);
      calls.output_tokens.push(span.output_tokens);
      calls.first_token_ms.push(span.first_token_ms);
      calls.cost_usd.push(span.cost_usd);
    }
    if (span.tool !== null) this.#call(tools, place, span.tool);
    if (span.agent !== null && (span.kind === "agent" || span.kind === "turn"))
      this.#call(agents, place, span.agent);
    this.#mark(place, span);
  }

  #call(list: Lists<TraceJson["tools"]>, place: number, text: string): void {
    list.span.push(place);
    list.text.push(this.#text(text));
  }

  #mark(place: number, { failed, aborted, state }: ChangedSpanJson): void {
    const marks = this.#marks;
    set(marks.failed, place, failed);
    set(marks.aborted, place, aborted);
    set(marks.running, place, state === "running");
    set(marks.interrupted, place, state === "interrupted");
  }

  #text(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const place = this.#allTexts.push(text) - 1;
    this.#texts.set(text, place);
    return place;
  }

  #sinceStart(at: string): number {
    return microsOf(at) - this.#beganMicros;
  }
}

/** Puts a place into a list, or takes it out. Those that change are the latest, near the end. */
function set(list: number[], place: number, isIn: boolean): void {
  const at = list.lastIndexOf(place);
  if (isIn && at < 0) list.push(place);
  else if (!isIn && at >= 0) list.splice(at, 1);
}

/** `2026-11-25T22:41:19.600123Z` in microseconds. */
function microsOf(at: string): number {
  return Date.parse(`${at.slice(0, 23)}Z`) * 1000 + Number(at.slice(23, 26));
}

const NONE = -1;
const ABSENT = -2;
