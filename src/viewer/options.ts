// Options of the viewer, for a server of one's own and for the viewer's.
import type { PriceTable } from "../conventions/cost.ts";
import { is, type OptionRules } from "../model/options.ts";
import type { Sink } from "../tracing/sink.ts";
import { OUTLET, type Tracer } from "../tracing/tracer.ts";
import { MIN_TOKEN } from "./session.ts";

/** Options of `createViewer`. */
export interface ViewerOptions {
  /** Where the viewer is mounted in the server: `/traces` for `https://example.com/traces/`. Default `/`. */
  readonly path?: string | undefined;
  /**
   * Names by which the server is called, such as `traces.example.com`, beside those of this machine; `*` for any. Requests by another name are
   * refused, unless there is a token: so no page of another site reads the store by a name that leads here.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Asked for before anything is shown or taken; at least 16 characters. Default: nobody is asked. */
  readonly token?: string | undefined;
  /** Shows only spans of this person: those whose `ai.auth.context` is this, or an object with this `principal_id`. Default: all. */
  readonly principal?: string | undefined;
  /** Takes no spans. The API removes none anyway. Default false; a store that cannot be written to is read-only by itself. */
  readonly readOnly?: boolean | undefined;
  /** Where spans go that are sent here. Default: into what is looked at, where that can be written to. */
  readonly spansTo?: Sink | Tracer | undefined;
  /** What models cost, see `loadPrices`. Without it nothing has a cost. */
  readonly prices?: PriceTable | undefined;
  /** What kind of store it is, for the page: `sqlite`, `dynamodb` and so on. Default: the store's name. */
  readonly kind?: string | undefined;
  /** Where OTLP is sent, for the page to say. Default: nowhere that is known. */
  readonly otlpUrl?: string | undefined;
  /** Milliseconds that an answer may take; then it is 504. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Streams of live changes that may be open at once; more are answered 503. Default 100. */
  readonly maxStreams?: number | undefined;
}

/** True for a tracer, of any copy of the package, and for a sink. */
export function isWritable(value: object): value is Tracer | Sink {
  return OUTLET in value || ("write" in value && typeof value.write === "function");
}

/** What each option must be. */
export const VIEWER_CHECKS: OptionRules["checks"] = {
  path: (value: unknown) =>
    typeof value === "string" && /^\/(?:[\w.~-]+\/?)*$/.test(value) ? undefined : 'a path such as "/traces"',
  hosts: (value: unknown) =>
    Array.isArray(value) && value.every((one) => typeof one === "string" && one !== "")
      ? undefined
      : 'a list of names such as "traces.example.com"',
  token: (value: unknown) =>
    typeof value === "string" && value.length >= MIN_TOKEN && !/\s/.test(value)
      ? undefined
      : `a text of at least ${MIN_TOKEN} characters without spaces`,
  principal: is.text,
  readOnly: is.flag,
  spansTo: (value: unknown) =>
    typeof value === "object" && value !== null && isWritable(value) ? undefined : "a tracer or a sink",
  prices: is.having("pricesOf", "a table of prices, see loadPrices"),
  kind: is.text,
  otlpUrl: is.text,
  timeoutMs: is.amount(1),
  maxStreams: is.count(0),
};
