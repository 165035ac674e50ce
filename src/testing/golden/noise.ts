// What differs from one run to the next and means nothing: ids and times, and what a test says is noise.
import { setOwn } from "../../model/own-property.ts";
import type { GoldenStep } from "./step.ts";

/** What of a trace is noise, beside ids and times. */
export interface NoiseRules {
  /**
   * Fields that are left out: a key wherever it stands (`requestId`), a path of keys from the field on (`input.query.page`), or a RegExp
   * for such paths.
   */
  readonly ignore?: readonly (string | RegExp)[] | undefined;
  /** Makes a text normal, after ids and times: `(text) => text.replace(/EUR \d+/g, "EUR <price>")`. */
  readonly normalize?: ((text: string) => string) | undefined;
}

/** Takes the noise out of one trace: the same id is the same `<id 1>` wherever it stands. */
export class Noise {
  readonly #rules: NoiseRules;
  readonly #ids = new Map<string, string>();

  constructor(rules: NoiseRules) {
    this.#rules = rules;
  }

  from({ step, depth, fields }: GoldenStep): GoldenStep {
    const quiet: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(fields)) {
      const kept = this.#isIgnored(key, key) ? undefined : this.#value(value, key, 0);
      if (kept !== undefined) setOwn(quiet, key, kept);
    }
    return { step: this.#text(step), depth, fields: quiet };
  }

  #value(value: unknown, path: string, depth: number): unknown {
    if (typeof value === "string") return this.#text(value);
    if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.#value(item, path, depth + 1));
    const quiet: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      const at = `${path}.${key}`;
      if (!this.#isIgnored(key, at)) setOwn(quiet, key, this.#value(inner, at, depth + 1));
    }
    return quiet;
  }

  #isIgnored(key: string, path: string): boolean {
    const { ignore = [] } = this.#rules;
    return ignore.some((rule) => {
      if (typeof rule === "string") return rule === key || rule === path;
      rule.lastIndex = 0;
      return rule.test(path);
    });
  }

  #text(text: string): string {
    const quiet = text.replace(TIMES, "<time>").replace(IDS, (id) => this.#id(id));
    return this.#rules.normalize?.(quiet) ?? quiet;
  }

  #id(id: string): string {
    const known = this.#ids.get(id) ?? `<id ${this.#ids.size + 1}>`;
    this.#ids.set(id, known);
    return known;
  }
}

const MAX_DEPTH = 200;
/** Dates with a time of day. A date alone may be what the work is about. */
const TIMES = /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?/g;
/** UUIDs, ids of traces and spans, and those that vendors give to calls, messages and answers. */
const IDS =
  /\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|(?:call|toolu|tooluse|msg|resp|chatcmpl|req|run|fc|rs|gen)[_-](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{6,64})\b/gi;
