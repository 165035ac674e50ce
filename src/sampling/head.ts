// Head sampling: what of a trace is recorded is decided when it starts.
import { type Attributes, equalValues } from "../model/attributes.ts";
import { capture } from "../model/capture.ts";
import { checkOptions, is, type OptionRules } from "../model/options.ts";
import type { Sampler, TraceStart } from "../tracing/sampler.ts";
import { Limiter, SHARE_CHECKS, type Share, shareCheck } from "./limiter.ts";

/** How many traces are recorded. Where both are given, the smaller counts. */
interface Ratio extends Pick<Share, "perSecond"> {
  /** The share that is recorded, from 0, none, to 1, all. Default 1. */
  readonly ratio?: number | undefined;
}

/** Which traces a rule is for, by their first span: all that it says must hold. */
export interface SampleRule extends Ratio {
  /** The name of the first span; `*` stands for any text, as in `GET /health*`. */
  readonly name?: string | undefined;
  /** Attributes that it starts with, each equal to this: those of `trace`'s options and of the context. */
  readonly attributes?: Attributes | undefined;
  /** What the tenant attribute says, or one of these. */
  readonly tenant?: string | readonly string[] | undefined;
}

/** Options of `sample`. */
export interface SampleOptions extends Ratio {
  /** For some traces: the first that is for a trace decides, in place of `ratio` and `perSecond`. */
  readonly rules?: readonly SampleRule[] | undefined;
  /** Where the tenant stands: in an attribute of the first span or of the resource. Default `tenant.id`. */
  readonly tenantAttribute?: string | undefined;
}

/**
 * The `sample` option of a tracer: which share of traces is recorded. It is decided by trace id, as OpenTelemetry's consistent probability
 * sampling has it, so that every process that knows the share comes to the same; a trace that came from elsewhere is recorded where
 * it was there. What is recorded says by its trace state how many it stands for, and counts are scaled up by that.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer({
 *   sample: sample({
 *     ratio: 0.1,
 *     rules: [
 *       { name: "GET /health*", ratio: 0 },
 *       { tenant: "acme", ratio: 1 },
 *       { attributes: { "ai.agent.name": "crawler" }, perSecond: 5 },
 *     ],
 *   }),
 * });
 * tracer.trace("GET /healthz", () => undefined);
 * console.log(tracer.getTraces().length); // 0
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export function sample(options: SampleOptions = {}): Sampler {
  checkOptions(options, OPTIONS);
  const { rules = [], tenantAttribute = "tenant.id" } = options;
  for (const rule of rules) checkOptions(rule, RULE);
  const made = rules.map((rule) => new Rule(rule, tenantAttribute));
  const otherwise = limiterOf(options);
  return (start) => (made.find((rule) => rule.isFor(start))?.limiter ?? otherwise).next();
}

function limiterOf({ ratio, perSecond }: Ratio): Limiter {
  return new Limiter({ share: ratio, perSecond });
}

class Rule {
  readonly limiter: Limiter;
  readonly #isName: (name: string) => boolean;
  readonly #attributes: readonly (readonly [name: string, value: unknown])[];
  readonly #tenants: readonly string[] | undefined;
  readonly #tenantAttribute: string;

  constructor({ name, attributes = {}, tenant, ...ratio }: SampleRule, tenantAttribute: string) {
    this.limiter = limiterOf(ratio);
    this.#isName = name === undefined ? () => true : patternOf(name);
    this.#attributes = Object.entries(attributes).map(([key, value]) => [key, capture(value)] as const);
    this.#tenants = typeof tenant === "string" ? [tenant] : tenant;
    this.#tenantAttribute = tenantAttribute;
  }

  isFor(start: TraceStart): boolean {
    return this.#isName(start.spanName) && this.#hasAttributes(start) && this.#hasTenant(start);
  }

  #hasAttributes({ attributes }: TraceStart): boolean {
    return (
      this.#attributes.length === 0 ||
      this.#attributes.every(([name, value]) => equalValues(capture(attributes[name]), value))
    );
  }

  #hasTenant(start: TraceStart): boolean {
    if (this.#tenants === undefined) return true;
    const name = this.#tenantAttribute;
    return this.#tenants.includes(String(start.attributes[name] ?? start.resourceAttributes[name]));
  }
}

/** True for names that are made of the parts between the stars, in order. */
function patternOf(pattern: string): (name: string) => boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= name.length - last.length;
  };
}

const RATIO_CHECKS: OptionRules["checks"] = {
  ratio: shareCheck,
  perSecond: SHARE_CHECKS["perSecond"] ?? is.amount(0),
};

const OPTIONS: OptionRules = {
  owner: "sample",
  checks: {
    ...RATIO_CHECKS,
    rules: (value) => (Array.isArray(value) ? undefined : "a list of rules"),
    tenantAttribute: is.text,
  },
};

const RULE: OptionRules = {
  owner: "a rule of sample",
  checks: {
    ...RATIO_CHECKS,
    name: is.text,
    attributes: (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? undefined
        : "an object of attributes",
    tenant: (value) => {
      const isList = Array.isArray(value) && value.every((one) => typeof one === "string");
      return typeof value === "string" || isList ? undefined : "a text, or a list of texts";
    },
  },
};
