// What a redaction would take out of spans: of which kind, and where, but not what.
import { randomBytes } from "node:crypto";
import { isAnObject } from "../conventions/values.ts";
import { type Process, processed } from "../tracing/draft.ts";
import type { Span } from "../tracing/span.ts";
import { encodedIn } from "./encoded.ts";
import { processOf, type RedactOptions, redact } from "./redact.ts";
import { FAILED } from "./text.ts";

/** Something that would be taken out of a span. */
export interface Finding {
  /** The label of what finds it: `EMAIL`, `SECRET`; `RULE_FAILED` where a rule did, `VALUE` for what the option `value` changes. */
  readonly kind: string;
  /** Where in the span: `attribute ai.user.input`, `span name`. */
  readonly place: string;
}

/** Looks for what the options of `redact` would take out. */
export class Finder {
  readonly #process: Process | undefined;
  readonly #labels: string[] = [];
  /** A mark stands in the place of what is found; nobody knows it before. */
  readonly #mark: string = randomBytes(16).toString("hex").replace(/\d/g, "x");
  readonly #marks: RegExp = new RegExp(`${this.#mark}<(\\d+)>`, "g");
  readonly #known = new WeakMap<object, ReadonlySet<string>>();

  /** @throws TracelightError `INVALID_OPTION` */
  constructor(options: RedactOptions) {
    redact(options);
    this.#process = processOf(options, (_, { label }) => this.#markOf(label));
  }

  /** What would be taken out of the span, each kind once for each place. */
  findingsIn(span: Span): readonly Finding[] {
    const marked = this.#process && processed(span, this.#process);
    if (marked === undefined) return [];
    const findings = new Map<string, Finding>();
    for (const [place, value, before] of placesIn(marked, span)) {
      for (const kind of this.#kindsAt(value, before)) {
        const shown = this.#shown(place);
        findings.set(`${kind} ${shown}`, { kind, place: shown });
      }
    }
    return [...findings.values()];
  }

  #markOf(label: string): string {
    if (!this.#labels.includes(label)) this.#labels.push(label);
    return `${this.#mark}<${this.#labels.indexOf(label)}>`;
  }

  /** The name of an attribute may be a secret. */
  #shown(place: string): string {
    return place.replace(this.#marks, (_, number) => `[${this.#labels[Number(number)]}]`);
  }

  #kindsAt(value: unknown, before: unknown): ReadonlySet<string> {
    const kinds = this.#kindsIn(value);
    return kinds.size === 0 && value !== before ? new Set(["VALUE"]) : kinds;
  }

  #kindsIn(value: unknown): ReadonlySet<string> {
    if (typeof value === "string") return this.#kindsInText(value);
    if (value instanceof Uint8Array) return this.#kindsInText(Buffer.from(value).toString("latin1"));
    if (!isAnObject(value)) return NONE;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const kinds = new Set(partsOf(value).flatMap((part) => [...this.#kindsIn(part)]));
    this.#known.set(value, kinds);
    return kinds;
  }

  #kindsInText(text: string): ReadonlySet<string> {
    if (text === FAILED) return FAILURE;
    const kinds = [...text.matchAll(this.#marks)].map(([, number]) => this.#labels[Number(number)] ?? "");
    for (const held of encodedIn(text)) kinds.push(...this.#kindsInText(held));
    return kinds.length === 0 ? NONE : new Set(kinds);
  }
}

const NONE: ReadonlySet<string> = new Set();
const FAILURE: ReadonlySet<string> = new Set(["RULE_FAILED"]);

function partsOf(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  return Array.isArray(value) ? value : Object.entries(value).flat();
}

/** What stands at a place now, and what stood there before. */
type Placed = readonly [place: string, value: unknown, before: unknown];

/** All texts of a span with their places, and what stood there before. */
function* placesIn(after: Span, before: Span): Generator<Placed> {
  yield ["span name", after.spanName, before.spanName];
  yield ["status message", after.statusMessage, before.statusMessage];
  yield ["trace state", after.traceState, before.traceState];
  yield* attributesIn("attribute", after.attributes, before.attributes);
  yield* attributesIn("resource attribute", after.resourceAttributes, before.resourceAttributes);
  yield ["scope", after.scope.name, before.scope.name];
  yield ["scope", after.scope.version, before.scope.version];
  for (const part of ["scope", "resource"] as const) {
    const [made, was] = [after.otlp?.[part], before.otlp?.[part]];
    yield [`${part} schema URL`, made?.schemaUrl, was?.schemaUrl];
    yield* attributesIn(`${part} attribute`, made?.attributes, was?.attributes);
  }
  for (const [i, event] of after.events.entries()) {
    const was = before.events[i];
    yield ["event", event.name, was?.name];
    yield* attributesIn("event attribute", event.attributes, was?.attributes);
  }
  for (const [i, link] of after.links.entries()) {
    const was = before.links[i];
    yield ["link trace state", link.traceState, was?.traceState];
    yield* attributesIn("link attribute", link.attributes, was?.attributes);
  }
}

/** In their order, which a redaction keeps; what is found in a name stands at the attribute too. */
function* attributesIn(what: string, after: object = {}, before: object = {}): Generator<Placed> {
  const names = Object.keys(before);
  const values: unknown[] = Object.values(before);
  for (const [i, [name, value]] of Object.entries(after).entries()) {
    const place = `${what} ${name}`;
    yield [place, value, values[i]];
    if (name !== names[i]) yield [place, name, names[i]];
  }
}
