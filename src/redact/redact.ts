// `redact`: a `process` that keeps secrets and personal data out of every sink.
import { TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { isSecretName, mayNameSecret, spelled } from "../model/secret-names.ts";
import { drained, Pace, type Steps } from "../model/steps.ts";
import type { Process, SpanDraft } from "../tracing/draft.ts";
import { reportUnowned } from "../tracing/faults.ts";
import { isReplaced, type Replace, type Replacement, replaceBy } from "./replacement.ts";
import { byPattern, type Rule } from "./rule.ts";
import { RULE_NAMES, RULES, type RuleName } from "./rules/index.ts";
import { FAILED, TextRedactor, TooSlow, whole } from "./text.ts";
import { beginningsOf, withoutUnfinished } from "./unfinished.ts";
import { ValueRedactor } from "./values.ts";

/** A rule of your own. */
export interface OwnRule {
  /** What stands in the place of what is found: `CUSTOMER` gives `[CUSTOMER]`. */
  readonly label: string;
  /** What it finds: all of each match. It should take linear time; where a text takes too long all of it is masked. */
  readonly pattern: RegExp;
}

/** Options of `redact`. */
export interface RedactOptions {
  /** Names of built-in rules, and rules of your own. Default: all built-in rules. */
  readonly rules?: readonly (RuleName | OwnRule)[] | undefined;
  /**
   * More names whose values go, whatever they are, at any depth: of attributes, properties, headers. A text is the whole name, in any
   * spelling (`accountNumber`, `account_number`). The names of passwords, keys, tokens and cookies are among them unless `names` is false.
   */
  readonly names?: readonly (string | RegExp)[] | false | undefined;
  /** What stands in the place of what is found. Default `"label"`. */
  readonly replace?: Replacement | undefined;
  /** A last word for each value under a name, once the rules are through; it gives the value back, changed or not. */
  readonly value?: ((value: unknown, name: string) => unknown) | undefined;
  /** How long a rule of your own may take over one text, in milliseconds, before all of the text is masked. Default 1000. */
  readonly maxRuleMs?: number | undefined;
  /** Told of a rule that threw or took too long. Default: a process warning, once for each rule. */
  readonly onError?: ((error: TracelightError) => void) | undefined;
}

const MAX_RULE_MS = 1000;
const MIN_KEY = 16;
/** A step goes so far, in characters: it takes a millisecond or so. The first is longer, since most spans have no more. */
const STEP = 16_384;
const FIRST_STEP = 65_536;

/**
 * A `process` that redacts all that a span holds, ended or running: names, attributes, resource, scope, events, links, status message,
 * exceptions, trace state; texts, JSON in texts, and the names of properties. Numbers, times, tokens and the form of everything stay.
 * What was redacted once is remembered, so a history of messages costs what is new. Where a rule throws or takes too long the text
 * is masked whole and the fault reported. Without rules and names it is undefined, which costs nothing.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer({ process: redact({ replace: "last-four" }) });
 * tracer.trace("pay", (span) => span.addAttribute("ai.user.input", "My card is 4111 1111 1111 1111."));
 * console.log(tracer.getTraces()[0]?.attributes); // { 'ai.user.input': 'My card is [CARD …1111].' }
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`.
 */
export function redact(options: RedactOptions = {}): Process | undefined {
  checkRedactOptions(options);
  const beginnings = beginningsOf(options.rules ?? RULE_NAMES);
  return processOf(options, replaceBy(options.replace ?? "label"), beginnings);
}

/** @throws TracelightError `INVALID_OPTION` for what are no options of `redact`. */
export function checkRedactOptions(options: unknown): asserts options is RedactOptions {
  checkOptions(options, { owner: "redact", checks: CHECKS, secret: ["replace"] });
}

/**
 * The process of options that are known to be right; what stands in the place of something is made by `replace`. What of a running span may become
 * a secret is known by how it begins.
 */
export function processOf(
  options: RedactOptions,
  replace: Replace,
  beginnings: readonly RegExp[] = [],
): Process | undefined {
  const rules = (options.rules ?? RULE_NAMES).flatMap(rulesOf);
  const isSecret = secretNames(options.names);
  if (rules.length === 0 && isSecret === undefined && options.value === undefined) return undefined;
  const pace = new Pace(STEP);
  const values = valueRedactor({ rules, isSecret: isSecret ?? (() => false), replace, pace }, options);
  const redacted = function* (draft: SpanDraft): Steps<void> {
    yield* redactDraft(draft, values);
    if (draft.state === "running" && beginnings.length > 0)
      draft.attributes = withoutUnfinished(draft.attributes, beginnings);
  };
  const process = (draft: SpanDraft): void => drained(redacted(draft));
  const steps = (draft: SpanDraft): Steps<void> => {
    pace.begin(FIRST_STEP);
    return redacted(draft);
  };
  return Object.assign(process, { steps, text: (text: string) => drained(whole(values.text(text))) });
}

interface Means {
  readonly rules: readonly Rule[];
  readonly isSecret: (name: string) => boolean;
  readonly replace: Replace;
  readonly pace: Pace;
}

function valueRedactor(
  { rules, isSecret, replace, pace }: Means,
  { maxRuleMs = MAX_RULE_MS, value: own, onError, names }: RedactOptions,
): ValueRedactor {
  const tell = teller(onError ?? reportUnowned);
  const onFault = (rule: Rule, cause: unknown) => tell(rule, `The rule for [${rule.label}]`, cause);
  const unproven = new Set(rules.filter(({ hints }) => hints === 0));
  const texts = new TextRedactor({ rules, unproven, replace, maxRuleMs, pace, onFault });
  const hasOwnNames = names !== false && names !== undefined && names.length > 0;
  return new ValueRedactor({
    text: (text) => texts.redact(text),
    bytes: (text) => texts.redactAsIs(text),
    isSecret: remembered(isSecret),
    mayNameSecret: hasOwnNames ? () => true : names === false ? () => false : mayNameSecret,
    secret: (value) => (isReplaced(value) ? value : replace(value, SECRET)),
    pace,
    own: own && closed(own, (cause) => tell(own, "The option value", cause)),
  });
}

const SECRET = { label: "SECRET" };

function rulesOf(rule: RuleName | OwnRule): readonly Rule[] {
  if (typeof rule === "string") return RULES[rule];
  const { label, pattern } = rule;
  const flags = pattern.flags.replace("y", "");
  return [
    byPattern({
      label,
      hints: 0,
      reach: Number.POSITIVE_INFINITY,
      pattern: new RegExp(pattern.source, flags.includes("g") ? flags : `${flags}g`),
    }),
  ];
}

/** Undefined where no name says anything. */
function secretNames(names: RedactOptions["names"]): ((name: string) => boolean) | undefined {
  if (names === false) return undefined;
  const texts = new Set((names ?? []).filter((name) => typeof name === "string").map(spelled));
  const patterns = (names ?? [])
    .filter((name) => name instanceof RegExp)
    .map(({ source, flags }) => new RegExp(source, flags.replace(/[gy]/g, "")));
  if (texts.size === 0 && patterns.length === 0) return isSecretName;
  return (name) =>
    isSecretName(name) || texts.has(spelled(name)) || patterns.some((pattern) => pattern.test(name));
}

const MAX_NAMES = 10_000;

/** Names come again with each span. */
function remembered(isSecret: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    let is = known.get(name);
    if (is === undefined) {
      is = isSecret(name);
      if (known.size >= MAX_NAMES) known.clear();
      known.set(name, is);
    }
    return is;
  };
}

/** What fails may fail at each text: each is told once. */
function teller(
  onError: (error: TracelightError) => void,
): (who: object, name: string, cause: unknown) => void {
  const told = new Set<object>();
  return (who, name, cause) => {
    if (told.has(who)) return;
    told.add(who);
    // What it threw may quote the text that it failed at.
    const message = `${name} failed, so what it fails at is masked whole: ${nameOf(cause)}`;
    onError(new TracelightError("REDACTION_FAILED", message));
  };
}

function nameOf(cause: unknown): string {
  return cause instanceof TooSlow ? cause.message : cause instanceof Error ? cause.name : typeof cause;
}

/** A last word that throws has said nothing: the value is masked. */
function closed(
  own: (value: unknown, name: string) => unknown,
  onFault: (cause: unknown) => void,
): (value: unknown, name: string) => unknown {
  return (value, name) => {
    try {
      return own(value, name);
    } catch (error) {
      onFault(error);
      return FAILED;
    }
  };
}

function* redactDraft(draft: SpanDraft, values: ValueRedactor): Steps<void> {
  const { scope, otlp } = draft;
  draft.spanName = yield* whole(values.text(draft.spanName));
  draft.statusMessage = yield* optional(draft.statusMessage, values);
  draft.traceState = yield* optional(draft.traceState, values);
  draft.attributes = yield* values.attributes(draft.attributes);
  draft.resourceAttributes = yield* values.attributes(draft.resourceAttributes);
  scope.name = yield* whole(values.text(scope.name));
  scope.version = yield* optional(scope.version, values);
  yield* redactPart(scope, values);
  if (otlp?.resource !== undefined) yield* redactPart(otlp.resource, values);
  for (const event of draft.events) {
    event.name = yield* whole(values.text(event.name));
    if (event.attributes !== undefined) event.attributes = yield* values.attributes(event.attributes);
  }
  for (const link of draft.links) {
    if (link.traceState !== undefined) link.traceState = yield* whole(values.text(link.traceState));
    if (link.attributes !== undefined) link.attributes = yield* values.attributes(link.attributes);
  }
}

function* redactPart(
  part: { schemaUrl?: string | undefined; attributes?: Record<string, unknown> | undefined },
  values: ValueRedactor,
): Steps<void> {
  if (part.schemaUrl !== undefined) part.schemaUrl = yield* whole(values.text(part.schemaUrl));
  if (part.attributes !== undefined) part.attributes = yield* values.attributes(part.attributes);
}

function* optional(text: string | undefined, values: ValueRedactor): Steps<string | undefined> {
  return text === undefined ? undefined : yield* whole(values.text(text));
}

const CHECKS = {
  rules: (value: unknown) =>
    Array.isArray(value) && value.every(isRule)
      ? undefined
      : `a list of ${RULE_NAMES.join(", ")} and of { label, pattern }`,
  names: (value: unknown) =>
    value === false ||
    (Array.isArray(value) && value.every((name) => typeof name === "string" || name instanceof RegExp))
      ? undefined
      : "a list of texts and regular expressions, or false",
  replace: (value: unknown) =>
    isReplacement(value)
      ? undefined
      : `"label", "last-four" or { pseudonym } with a key of at least ${MIN_KEY} characters`,
  value: is.fn,
  maxRuleMs: is.amount(1),
  onError: is.fn,
};

function isRule(rule: unknown): boolean {
  if (typeof rule === "string") return RULE_NAMES.some((name) => name === rule);
  if (typeof rule !== "object" || rule === null || !("label" in rule) || !("pattern" in rule)) return false;
  return typeof rule.label === "string" && rule.pattern instanceof RegExp;
}

function isReplacement(value: unknown): boolean {
  if (value === "label" || value === "last-four") return true;
  if (typeof value !== "object" || value === null || !("pseudonym" in value)) return false;
  return typeof value.pseudonym === "string" && value.pseudonym.length >= MIN_KEY;
}
