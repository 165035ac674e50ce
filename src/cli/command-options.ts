// What commands are declared with: their help, and the options that several take.
import { Argument, Command, Option } from "commander";
import { parseCount, parseTime } from "./arguments.ts";
import { addExamples, type Item } from "./help.ts";

/** What a command's help begins and ends with. */
interface Description {
  readonly does: string;
  readonly arguments: readonly (readonly [syntax: string, description: string])[];
  readonly options?: readonly Option[];
  readonly examples: readonly Item[];
}

/** A command by what its help says. */
export function described(
  name: string,
  { does, arguments: args, options = [], examples }: Description,
): Command {
  const command = new Command(name).description(does);
  for (const [syntax, description] of args) command.addArgument(new Argument(syntax, description));
  for (const option of options) command.addOption(option);
  return addExamples(command, examples);
}

/** Where the store is that nobody names. */
export const ELSE: string = "without it TRACELIGHT_STORE, else ./traces.db";
/** The argument of commands that read any store. */
export const STORE: readonly [string, string] = ["[store]", `a file, dynamodb:Table or -; ${ELSE}`];

/** An option whose value is read by `parse`. */
export function valued<T>(flags: string, description: string, parse: (text: string) => T): Option {
  return new Option(flags, description).argParser((text: string) => parse(text));
}

/** `--since`. */
export const since = (): Option =>
  valued("-s, --since <time>", "from this time on: 2h (ago), today, 2026-11-22", parseTime);
/** `--until`. */
export const until = (): Option => valued("-u, --until <time>", "before this time", parseTime);
/** `--where`. */
export const where = (): Option =>
  new Option("-w, --where <filter>", `such as 'ai.tool.name = "get_weather" and duration > 2s'`);
/** `--prices`. */
export const prices = (): Option =>
  new Option("--prices <file>", "what models cost, as JSON; else TRACELIGHT_PRICES names it");
/** `--redact`. */
export const redaction = (): Option =>
  new Option(
    "--redact [rules]",
    "without secrets and personal data: by a file of rules (.json, .js), or by those that are built in",
  );
/** `--json`. */
export const json = (): Option => new Option("--json", "one JSON object a line");
/** `--limit`. */
export const limit = (count: number, most: number): Option =>
  valued("-n, --limit <count>", "at most so many", (text) => parseCount(text, most)).default(count);

/** One trace or conversation, in a form for others. */
export const documents = (): readonly Option[] =>
  DOCUMENTS.map(([name, description]) =>
    new Option(`--${name} <id>`, description).conflicts([
      ...["since", "until", "where", "trace", "logLines", "otlp", "translate"],
      ...DOCUMENTS.flatMap(([other]) => (other === name ? [] : [other])),
    ]),
  );

const DOCUMENTS = [
  ["markdown", "this conversation or trace as Markdown: all that was said is shown as code"],
  ["atif", "this conversation or trace as a trajectory of ATIF 1.7"],
  ["html", "this conversation or trace as one file: the page, read-only, without a server"],
] as const;
