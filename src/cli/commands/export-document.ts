// `tracelight export --markdown ID` and its like: one trace or conversation as a document, to standard output or a whole file.
import { resolve } from "node:path";
import type { Subject } from "../../exchange/subject.ts";
import { asciiJson } from "../../model/escape.ts";
import { exactJson } from "../../model/python-json.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import { scopedTo } from "../../viewer/scope.ts";
import type { Context } from "../context.ts";
import { counted } from "../format.ts";
import { resolveId, shownId } from "../ids.ts";
import { type RedactFlag, redactedBy } from "../redaction.ts";
import { unknownId } from "../wanted.ts";
import { WholeFile } from "../whole-file.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of all documents. */
export interface DocumentOptions extends RedactFlag {
  readonly markdown?: string;
  readonly atif?: string;
  readonly html?: string;
  readonly full?: boolean;
  readonly prices?: string;
  readonly principal?: string;
  readonly out?: string;
  readonly force?: boolean;
}

/** A document's text, bit by bit. */
type Make = (made: Made) => AsyncIterable<string>;

interface Made {
  readonly subject: Subject;
  readonly store: StoreReader;
  readonly options: DocumentOptions;
}

/** A document that is asked for. */
export interface Wanted {
  readonly id: string;
  readonly make: Make;
}

/** Undefined where records are asked for, or lines of another kind. */
export function wantedDocument(options: DocumentOptions): Wanted | undefined {
  for (const [form, make] of DOCUMENTS) {
    const id = options[form];
    if (id !== undefined) return { id, make };
  }
  return undefined;
}

/** Writes the document. */
export async function exportDocument(
  context: Context,
  name: string | undefined,
  { id, make, ...options }: Wanted & DocumentOptions,
): Promise<ExitCode> {
  const opened = await context.open(name, { again: true });
  const own = options.principal === undefined ? opened : scopedTo(options.principal, opened);
  const store = await redactedBy(context, options, own);
  const { Subject } = await import("../../exchange/subject.ts");
  const found = await resolveId(id.trim(), store);
  const prices = await context.prices(options);
  const subject = found && (await Subject.of(found, store, prices));
  if (subject === undefined) return unknownId(id.trim(), store, context);
  await write(context.untilStopped(make({ subject, store, options })), options, context);
  if (options.out !== undefined) {
    const { by, id: known } = subject.id;
    await context.output.say(
      `${by} ${shownId(known)}, ${counted(subject.summary.spans, "span")}, written to ${options.out}`,
    );
  }
  return EXIT.ok;
}

async function write(
  texts: AsyncIterable<string>,
  options: DocumentOptions,
  context: Context,
): Promise<void> {
  if (options.out === undefined) {
    for await (const text of texts) await context.output.write(text);
    return;
  }
  const file = await WholeFile.begin(resolve(context.world.cwd, options.out), options.force === true);
  context.atEnd(() => file.discard());
  for await (const text of texts) await file.write(text);
  await file.finish();
}

async function* markdown({ subject, options }: Made): AsyncGenerator<string> {
  const { markdownLines } = await import("../../exchange/markdown.ts");
  const bounds = options.full === true ? { maxLength: Number.POSITIVE_INFINITY } : {};
  for await (const line of markdownLines(subject, bounds)) yield `${line}\n`;
}

async function* atif({ subject }: Made): AsyncGenerator<string> {
  const { atifTrajectories } = await import("../../exchange/atif-export.ts");
  for await (const trajectory of atifTrajectories(subject)) yield `${asciiJson(exactJson(trajectory))}\n`;
}

async function* html({ subject, store, options: { principal } }: Made): AsyncGenerator<string> {
  const { htmlFile } = await import("../../viewer/html-file.ts");
  yield* htmlFile(subject.id, { reader: store, prices: subject.prices, principal });
}

const DOCUMENTS = [
  ["markdown", markdown],
  ["atif", atif],
  ["html", html],
] as const satisfies readonly (readonly [form: string, make: Make])[];
