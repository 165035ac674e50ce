// Trajectories of ATIF that were imported, as they were: put together again from the attributes of their spans.
import { fieldIn, isAnObject } from "../conventions/values.ts";
import { ATIF_NAMES } from "../conventions/vocabularies/atif.ts";
import type { SpanFields } from "../model/span-fields.ts";

/** The trajectories that these spans, of one trace, were imported from; none where they were not. */
export function rebuiltTrajectories(spans: readonly SpanFields[]): object[] {
  const parts = new Parts(spans);
  return parts.topmost().map((root) => parts.trajectory(root, 0));
}

/** A part, and its index in what it is of. */
interface Placed {
  readonly index: number;
  readonly span: SpanFields;
}

class Parts {
  readonly #roots: readonly SpanFields[];
  readonly #steps: ReadonlyMap<unknown, readonly Placed[]>;
  readonly #tools: ReadonlyMap<unknown, readonly Placed[]>;
  readonly #embedded: ReadonlyMap<unknown, readonly Placed[]>;

  constructor(spans: readonly SpanFields[]) {
    const having = (name: string) => spans.filter(({ attributes }) => isAnObject(attributes[name]));
    this.#roots = having(ATIF_NAMES.trajectory);
    this.#steps = byOwner(having(ATIF_NAMES.step), ATIF_NAMES.place);
    this.#tools = byOwner(having(ATIF_NAMES.toolCall), ATIF_NAMES.place);
    this.#embedded = byOwner(this.#roots, ATIF_NAMES.within);
  }

  /** Those that are embedded in no other. */
  topmost(): readonly SpanFields[] {
    return this.#roots.filter(({ attributes }) => attributes[ATIF_NAMES.within] === undefined);
  }

  trajectory(root: SpanFields, depth: number): object {
    const embedded = depth > MAX_DEPTH ? [] : (this.#embedded.get(root.spanId) ?? []);
    const subs = embedded.map(({ span }) => this.trajectory(span, depth + 1));
    return {
      ...entries(root.attributes[ATIF_NAMES.trajectory]),
      steps: (this.#steps.get(root.spanId) ?? []).map((step) => this.#step(step, root)),
      ...(subs.length === 0 ? {} : { subagent_trajectories: subs }),
    };
  }

  #step({ span, index }: Placed, root: SpanFields): object {
    const step = entries(span.attributes[ATIF_NAMES.step]);
    const tools = (this.#tools.get(root.spanId) ?? []).filter((tool) => tool.index === index);
    const answers = tools.flatMap((tool) => listIn(tool.span.attributes[ATIF_NAMES.results]));
    if (answers.length === 0) return step;
    const results = [...listIn(fieldIn(step["observation"], "results"))];
    for (const answer of answers) {
      const at = fieldIn(answer, "at");
      if (typeof at === "number" && at in results) results[at] = fieldIn(answer, "result");
    }
    return { ...step, observation: { ...entries(step["observation"]), results } };
  }
}

function byOwner(spans: readonly SpanFields[], place: string): Map<unknown, Placed[]> {
  const found = new Map<unknown, Placed[]>();
  for (const span of spans) {
    const [of, index] = ["of", "index"].map((key) => fieldIn(span.attributes[place], key));
    const list = found.get(of) ?? [];
    if (typeof index === "number") list.push({ index, span });
    found.set(of, list);
  }
  for (const list of found.values()) list.sort((a, b) => a.index - b.index);
  return found;
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entries(value: unknown): Record<string, unknown> {
  return isAnObject(value) ? Object.fromEntries(Object.entries(value)) : {};
}

/** Sub-agents of sub-agents; deeper ones are none that were imported. */
const MAX_DEPTH = 100;
