// The tools that a coding agent has: each is a command that reads, with the arguments that it takes.
import { parseTime } from "../arguments.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import type { ExitCode } from "../world.ts";

/** What a tool is called with, as JSON. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** A tool. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** Runs the command; `store` is its name, which stands behind the ids. */
  readonly run: (context: Context, store: string, args: ToolArguments) => Promise<ExitCode>;
}

/** One argument. */
export interface Parameter {
  readonly name: string;
  readonly type: "string" | "boolean" | "integer";
  readonly description: string;
  readonly isRequired?: boolean;
  readonly choices?: readonly string[];
}

const SINCE: Parameter = {
  name: "since",
  type: "string",
  description: "From this time on: 2h, 7d, yesterday, 2026-11-30.",
};
const UNTIL: Parameter = { name: "until", type: "string", description: "Before this time." };
const WHERE: Parameter = {
  name: "where",
  type: "string",
  description:
    'A filter on attributes: ai.tool.name = "get_weather", span_status = "ERROR", duration_ms > 5000; and, or, not.',
};
const FULL: Parameter = { name: "full", type: "boolean", description: "Cut nothing, show all attributes." };
const CURSOR: Parameter = {
  name: "cursor",
  type: "string",
  description: "What the answer before said, to go on.",
};
const ID: Parameter = {
  name: "id",
  type: "string",
  description:
    "A trace or conversation, or how its id begins: as list and search show it. Without it the latest.",
};

/** All tools. */
export const TOOLS: readonly Tool[] = [
  {
    name: "list",
    description:
      "Lists recent conversations with the agent, or traces where there are none, newest first: when, id, first words, time, spans, errors, tokens, cost. Begin here.",
    parameters: [
      {
        name: "by",
        type: "string",
        description: "List conversations or traces.",
        choices: ["conversation", "trace"],
      },
      { name: "errors", type: "boolean", description: "Only those in which something failed." },
      ...[SINCE, UNTIL, WHERE],
      { name: "limit", type: "integer", description: "Rows, at most 100. Default 20." },
      CURSOR,
    ],
    run: async (context, store, args) => {
      const { ls } = await import("../commands/ls.ts");
      const by = textIn(args, "by");
      if (by !== undefined && by !== "conversation" && by !== "trace")
        throw new UsageError('"by" is conversation or trace');
      return ls(context, store, {
        ...{ ...filterIn(args), limit: countIn(args, "limit", 100) ?? 20 },
        ...(by === undefined ? {} : { by }),
        ...(args["errors"] === true ? { errors: true } : {}),
        ...given("cursor", textIn(args, "cursor")),
      });
    },
  },
  {
    name: "show",
    description:
      "Shows one trace as a tree of spans with inputs, outputs, times and errors, or one conversation turn by turn: what the user said, which tools were called with what, what was answered.",
    parameters: [ID, FULL, CURSOR],
    run: async (context, store, args) =>
      (await import("../commands/show.ts")).show(context, [...idIn(args, "id"), store], fullIn(args)),
  },
  {
    name: "search",
    description:
      'Finds spans by words of their names, messages, tool inputs and outputs, newest first: "in a row", begin*, -without.',
    parameters: [
      {
        name: "text",
        type: "string",
        description: "Words that must all be there.",
        isRequired: true,
      },
      ...[SINCE, UNTIL, WHERE],
      { name: "limit", type: "integer", description: "Spans, at most 100. Default 20." },
      CURSOR,
    ],
    run: async (context, store, args) =>
      (await import("../commands/search.ts")).search(context, [neededIn(args, "text"), store], {
        ...{ ...filterIn(args), limit: countIn(args, "limit", 100) ?? 20 },
      }),
  },
  {
    name: "context",
    description:
      "Shows what filled the model's window in each call of a conversation or trace, what changed from call to call, why the prompt cache was lost and what that cost; with tool, why that tool was called.",
    parameters: [
      ID,
      {
        name: "tool",
        type: "string",
        description:
          "A tool's name, or the id of its call: why it was called, from which tools, after which words.",
      },
      CURSOR,
    ],
    run: async (context, store, args) =>
      (await import("../commands/context.ts")).context(
        context,
        [...idIn(args, "id"), store],
        given("tool", textIn(args, "tool")),
      ),
  },
  {
    name: "compare",
    description:
      "Compares two model calls word by word (ID#7 is the seventh call of a trace or conversation), or two traces or conversations step by step: where they part, time, tokens and cost.",
    parameters: [
      { name: "a", type: "string", description: "A trace, a conversation, or ID#7.", isRequired: true },
      { name: "b", type: "string", description: "The same; #8 alone is a call of a.", isRequired: true },
      ...[FULL, CURSOR],
    ],
    run: async (context, store, args) =>
      (await import("../commands/compare.ts")).compare(
        context,
        [neededIn(args, "a"), neededIn(args, "b"), store],
        fullIn(args),
      ),
  },
  {
    name: "stats",
    description: "Counts calls, times, errors, tokens and cost by model, tool and day, and what was wasted.",
    parameters: [SINCE, UNTIL, WHERE, CURSOR],
    run: async (context, store, args) =>
      (await import("../commands/stats.ts")).stats(context, store, filterIn(args)),
  },
];

function filterIn(args: ToolArguments): { since?: Date; until?: Date; where?: string } {
  const [since, until] = [textIn(args, "since"), textIn(args, "until")];
  return {
    ...(since === undefined ? {} : { since: parseTime(since) }),
    ...(until === undefined ? {} : { until: parseTime(until) }),
    ...given("where", textIn(args, "where")),
  };
}

function fullIn(args: ToolArguments): { full?: true } {
  return args["full"] === true ? { full: true } : {};
}

function given<Name extends string>(name: Name, text: string | undefined): { readonly [K in Name]?: string };
function given(name: string, text: string | undefined): Readonly<Record<string, string>> {
  return text === undefined ? {} : { [name]: text };
}

/** Undefined for what is not given, or empty: agents fill in what they need not. */
function textIn(args: ToolArguments, name: string): string | undefined {
  const value = args[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" || value.length > MAX_TEXT)
    throw new UsageError(`"${name}" is a text of at most ${MAX_TEXT} characters`);
  return value;
}

const MAX_TEXT = 10_000;

function neededIn(args: ToolArguments, name: string): string {
  const text = textIn(args, name);
  if (text === undefined) throw new UsageError(`"${name}" is needed`);
  return text;
}

function idIn(args: ToolArguments, name: string): readonly string[] {
  const text = textIn(args, name);
  return text === undefined ? [] : [text];
}

function countIn(args: ToolArguments, name: string, most: number): number | undefined {
  const value = args[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1)
    throw new UsageError(`"${name}" is a whole number from 1 to ${most}`);
  return Math.min(value, most);
}
