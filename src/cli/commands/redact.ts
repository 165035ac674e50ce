// `tracelight redact`: what secrets and personal data a store holds, by kind and place; and an SQLite file without them.
import { escapeText } from "../../model/escape.ts";
import { type RedactOptions, redact } from "../../redact/redact.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { Span } from "../../tracing/span.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { count, counted } from "../format.ts";
import { rulesOf } from "../redaction.ts";
import { type Column, table } from "../table.ts";
import { progressBar } from "../tree.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { jsonLine } from "./filter.ts";

/** Options of `redact`. */
export interface RedactCommandOptions {
  readonly check?: boolean;
  readonly apply?: boolean;
  readonly rules?: string;
  readonly json?: boolean;
}

/** Looks for what is to be redacted, or takes it out. */
export async function redactStore(
  context: Context,
  name: string | undefined,
  options: RedactCommandOptions,
): Promise<ExitCode> {
  if (options.check !== true && options.apply !== true)
    throw new UsageError("Say --check to see what would be found, or --apply to take it out");
  const rules = await rulesOf(context, { redact: options.rules ?? true });
  return options.apply === true
    ? apply(context, name, { ...options, by: rules ?? {} })
    : check(context, name, { ...options, by: rules ?? {} });
}

interface Asked {
  readonly json?: boolean;
  readonly by: RedactOptions;
}

/** A kind of what was found in one kind of place. */
interface Row {
  readonly kind: string;
  readonly place: string;
  spans: number;
  /** A span of those. */
  readonly first: Span;
}

async function check(context: Context, name: string | undefined, { by, json }: Asked): Promise<ExitCode> {
  const { output } = context;
  const store = await context.open(name);
  const { rows, spans } = await found(context, store, by);
  const lines = json === true ? rows.map(rowLine) : rows.length === 0 ? [] : tableOf(rows, context);
  for (const line of lines) await output.line(line);
  if (rows.length === 0) await output.say(`Nothing to redact in ${counted(spans, "span")} of ${store.name}.`);
  if (store.leftOut > 0) return unread(context, store.leftOut);
  return rows.length === 0 ? EXIT.ok : EXIT.toRedact;
}

async function found(
  context: Context,
  store: StoreReader,
  by: RedactOptions,
): Promise<{ readonly rows: readonly Row[]; readonly spans: number }> {
  const { Finder } = await import("../../redact/findings.ts");
  const finder = new Finder(by);
  const rows = new Map<string, Row>();
  let spans = 0;
  for await (const span of context.untilStopped(store.iterate())) {
    for (const { kind, place } of finder.findingsIn(span)) {
      const key = `${kind} ${place}`;
      const row = rows.get(key) ?? { kind, place, spans: 0, first: span };
      row.spans++;
      rows.set(key, row);
    }
    spans++;
    context.output.progress(() => `${counted(spans, "span")} looked at`);
  }
  return { rows: [...rows.values()].sort((a, b) => b.spans - a.spans), spans };
}

function rowLine({ kind, place, spans, first }: Row): string {
  return jsonLine({ kind, place, spans, trace_id: first.traceId, span_id: first.spanId });
}

function tableOf(rows: readonly Row[], { output: { paint, width } }: Context): readonly string[] {
  const columns: readonly Column<Row>[] = [
    { title: "kind", cell: ({ kind }) => escapeText(kind), color: () => "yellow" },
    { title: "place", cell: ({ place }) => escapeText(place), flexible: true },
    { title: "spans", cell: ({ spans }) => count(spans), align: "right" },
    { title: "such as", cell: ({ first }) => `${first.traceId}/${first.spanId}`, goes: 1 },
  ];
  return table(rows, columns, { width, paint });
}

async function apply(context: Context, name: string | undefined, { by, json }: Asked): Promise<ExitCode> {
  const { output, world } = context;
  // Opened to be read first: what is not there is not made.
  const { rewrite: isOurs, name: known } = await context.open(name);
  if (isOurs === undefined) throw notOurs(known);
  const store = await context.open(name, { write: true });
  const process = redact(by);
  const { redactedSpan } = await import("../../redact/changed.ts");
  const done = await store.rewrite?.(
    (span) => process && redactedSpan(span, process),
    (progress) => {
      world.signal.throwIfAborted();
      output.progress(() => `${progressBar(progress.done / progress.of)}${counted(progress.of, "span")}`);
    },
  );
  const { spans = 0, changed = 0, running = 0, isClean = true } = done ?? {};
  const left = store.leftOut;
  if (json === true)
    await output.line(jsonLine({ spans, redacted: changed, running, unread: left, clean: isClean }));
  await output.say(`${count(changed)} of ${counted(spans, "span")} redacted in ${known}.`);
  if (running > 0) await stillRun(context, running);
  if (left > 0) return unread(context, left);
  return running > 0 || !isClean ? EXIT.store : EXIT.ok;
}

function notOurs(name: string): UsageError {
  return new UsageError(
    `redact --apply works on the SQLite files that Tracelight writes; ${name} is none. Of any store a redacted copy is made by: tracelight export --redact --out copy.jsonl`,
  );
}

async function stillRun({ output }: Context, running: number): Promise<void> {
  const which = running === 1 ? "1 span still runs, and was" : `${count(running)} spans still run, and were`;
  await output.say(`${which} left as it is: run it again when they have ended.`, "yellow");
}

/** What cannot be read may hold anything. */
async function unread({ output }: Context, left: number): Promise<ExitCode> {
  await output.say(
    `Up to ${counted(left, "span")} could not be read; what is in them is not known.`,
    "yellow",
  );
  return EXIT.store;
}
