// The commands: their arguments, options and help, each loaded when it is called.
import { type Command, Option } from "commander";
import { parseCount, parseDuration, parseOrigin, parsePort, parseSize } from "./arguments.ts";
import {
  described,
  documents,
  ELSE,
  json,
  limit,
  prices,
  redaction,
  STORE,
  since,
  until,
  valued,
  where,
} from "./command-options.ts";
import type { Context } from "./context.ts";
import type { ExitCode } from "./world.ts";

/** A command, and what runs it. */
export interface Declared {
  readonly command: Command;
  readonly run: (context: Context, command: Command) => Promise<ExitCode>;
}

/** All commands, in the order of the help; each is declared when it is asked for. */
export const COMMANDS: readonly (() => Declared)[] = [
  () => ({
    command: described("ls", {
      does: "List recent conversations, or traces where there are none; newest first.",
      arguments: [STORE],
      options: [
        new Option("-b, --by <what>", "list these").choices(["conversation", "trace"]),
        ...[since(), until(), where()],
        new Option("-e, --errors", "only where a span failed"),
        ...[
          limit(20, 1000),
          new Option("--cursor <cursor>", "go on after the page that ended with it"),
          ...[prices(), json()],
        ],
      ],
      examples: [
        ["tracelight ls", "the newest of ./traces.db"],
        ["tracelight ls --since 2h --errors", "what failed in the last two hours"],
        ["tracelight ls --by trace app.jsonl", "the traces of a log"],
        [`tracelight ls --where 'ai.tool.name = "get_weather"'`, "those that called a tool"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/ls.ts")).ls(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("show", {
      does: "Show one trace as a tree, or one conversation turn by turn.",
      arguments: [["[id]", "of a trace or conversation, or how it begins; without it the latest"], STORE],
      options: [new Option("-f, --full", "cut nothing, and show all attributes"), prices(), json()],
      examples: [
        ["tracelight show", "the latest conversation, the first row of ls"],
        ["tracelight show 4bf92f35", "a trace, by the beginning of its id"],
        ["tracelight show user-42 my.db", "a conversation"],
        ["tracelight show 4bf92f35 --full --color | less -R", "all there is"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/show.ts")).show(context, command.args, command.opts()),
  }),
  () => ({
    command: described("context", {
      does: "Show what filled the window in each model call of a conversation or trace, what changed, and what was read again; or why a tool was called.",
      arguments: [
        [
          "[id]",
          "of a conversation or trace, or how it begins; TRACE/SPAN for a tool call; without it the latest",
        ],
        STORE,
      ],
      options: [
        new Option(
          "--tool <tool>",
          "why this tool was called last: its name, or the id of the call or of its span",
        ),
        prices(),
        json(),
      ],
      examples: [
        ["tracelight context", "the latest conversation"],
        ["tracelight context user-42 my.db", "a conversation, call by call"],
        [
          "tracelight context user-42 --tool search_events",
          "why that tool was called, and what its result cost",
        ],
        ["tracelight context user-42 --json | jq 'select(.by == \"finding\").text'", "what was found"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/context.ts")).context(context, command.args, command.opts()),
  }),
  () => ({
    command: described("compare", {
      does: "Compare two model calls, word by word, or two traces or conversations, step by step.",
      arguments: [
        [
          "<a>",
          "a trace or conversation, or how it begins; ID#7 is its seventh call, TRACE/SPAN the call of a span",
        ],
        ["<b>", "the same; #8 alone is the eighth call of the first"],
        STORE,
      ],
      options: [new Option("-f, --full", "show what is the same too"), prices(), json()],
      examples: [
        ["tracelight compare trip-1#6 '#7'", "what changed from one call to the next"],
        ["tracelight compare 4bf92f35 a1c20d4e", "where two runs part"],
        ["tracelight compare trip-1 trip-2 my.db", "two conversations"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/compare.ts")).compare(context, command.args, command.opts()),
  }),
  () => ({
    command: described("tail", {
      does: "Follow an SQLite file or log lines: spans as they start and end, until Ctrl-C.",
      arguments: [["[store]", `an SQLite file, also one that is not there yet, or - for lines; ${ELSE}`]],
      options: [
        where(),
        valued(
          "-n, --lines <count>",
          "begin with so many that have ended (default: 10); of standard input, show only the last ones",
          (text) => (text === "0" ? 0 : parseCount(text, 10_000)),
        ),
        json(),
      ],
      examples: [
        ["tracelight tail", "what happens in ./traces.db, also if it is not there yet"],
        ["tracelight tail --where 'span_status = \"ERROR\"'", "what fails"],
        ["my-agent | tracelight tail -", "log lines as they are written"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/tail.ts")).tail(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("search", {
      does: "Find spans by the words of their names, messages, tool inputs and outputs; newest first.",
      arguments: [["<text>", 'words that must all be there; "in a row", begin*, -without'], STORE],
      options: [since(), until(), where(), limit(20, 1000), json()],
      examples: [
        ["tracelight search amsterdam", "spans that speak of it"],
        [`tracelight search '"rate limit" -test' --since 7d`, "a phrase, and a word that must not be there"],
        ["tracelight search 'weath*' app.jsonl", "words that begin so"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/search.ts")).search(context, command.args, command.opts()),
  }),
  () => ({
    command: described("stats", {
      does: "Count calls, times, errors, tokens and cost by model, tool and day.",
      arguments: [STORE],
      options: [since(), until(), where(), prices(), json()],
      examples: [
        ["tracelight stats --since 7d", "the last week"],
        ["tracelight stats --json | jq 'select(.by == \"model\")'", "the models, for a program"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/stats.ts")).stats(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("export", {
      does: "Write spans as JSONL, lossless records, one a line; or one trace or conversation as a document.",
      arguments: [STORE],
      options: [
        ...[since(), until(), where()],
        new Option("--principal <id>", "only what was done for this person: ai.auth.context"),
        new Option("-t, --trace <id>", "only this trace; may be given several times").argParser(
          (id: string, before: readonly string[] = []) => [...before, id],
        ),
        new Option("-c, --conversation <id>", "only this conversation; may be given several times").argParser(
          (id: string, before: readonly string[] = []) => [...before, id],
        ),
        new Option("--log-lines", "in the form of StructuredLogsTracer and the Python toolkit; lossy"),
        new Option("--otlp", "as OTLP/JSON, for OpenTelemetry: spans that have ended").conflicts("logLines"),
        new Option("--translate <vocabulary>", "as --otlp, in the words of OpenTelemetry or OpenInference")
          .choices(["gen_ai", "openinference"])
          .implies({ otlp: true })
          .conflicts("logLines"),
        ...documents(),
        new Option("--full", "Markdown whose long values are not cut"),
        redaction(),
        prices(),
        new Option("-o, --out <file>", "write to this file, whole or not at all"),
        new Option("--force", "replace the file"),
      ],
      examples: [
        ["tracelight export > backup.jsonl", "all of ./traces.db"],
        ["tracelight export --since today --out today.jsonl", "to a file that is whole or not there"],
        ["tracelight export --trace 4bf92f35 my.db", "one trace, by the beginning of its id"],
        ["tracelight export --conversation weather-1", "one conversation"],
        ["tracelight export --otlp > spans.jsonl", "for OpenTelemetry's tools"],
        ["tracelight export --markdown weather-1 > weather.md", "a conversation, for an issue or a review"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/export.ts")).exportSpans(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("test", {
      does: "Write one trace or conversation as a test that runs offline, with its recorded calls in a cassette beside it.",
      arguments: [["[id]", "of a conversation or trace, or how it begins; without it the latest"], STORE],
      options: [
        new Option("--runner <runner>", "the test runner").choices(["vitest", "node"]).default("vitest"),
        new Option("--agent <module>", "the module of your agent, and its export").default("./agent.js#run"),
        new Option("--cassette <file>", "the cassette; default: by the name of the test, else by the id"),
        new Option("-o, --out <file>", "write the test to this file, and the cassette beside it"),
        new Option("--force", "replace the files"),
      ],
      examples: [
        ["tracelight test user-42 > weather.test.ts", "and user-42.jsonl, its cassette"],
        ["tracelight test user-42 my.db --out test/weather.test.ts", "and test/weather.jsonl"],
        ["tracelight test 4bf92f35 --runner node --agent ../src/agent.js#answer", "for node:test"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/test.ts")).writeTest(context, command.args, command.opts()),
  }),
  () => ({
    command: described("import", {
      does: "Bring spans from a file into an SQLite file or a DynamoDB table. Known spans are not doubled.",
      arguments: [
        ["<file>", "of records, log lines, OTLP/JSON or ATIF, or any other store; - for standard input"],
        ["[store]", `an SQLite file, made where it is missing, or dynamodb:Table; ${ELSE}`],
      ],
      options: [new Option("--otlp", "the file is OTLP/JSON; any other store is refused")],
      examples: [
        ["tracelight import backup.jsonl", "into ./traces.db, which is made where it is missing"],
        ["tracelight import traces.db dynamodb:Traces", "from SQLite into a table"],
        ["zcat logs.gz | tracelight import - my.db", "from standard input"],
        ["tracelight import --otlp request.json", "one OTLP request, however it is laid out"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/import.ts")).importSpans(context, command.args, command.opts()),
  }),
  () => ({
    command: described("collect", {
      does: "Take spans of any OpenTelemetry program (OTLP over HTTP) into a store, until Ctrl-C.",
      arguments: [
        [
          "[store]",
          "an SQLite file, which is made where it is missing, dynamodb:Table, or - for lines of records",
        ],
      ],
      options: [
        valued("-p, --port <port>", "listen on this port; 0 for any that is free", parsePort).default(4318),
        new Option("--host <address>", "listen on this address").default("localhost"),
        new Option(
          "--origin <origin>",
          "let web pages of this origin send, such as https://app.example.com; may be given several times",
        ).argParser((origin: string, before: readonly string[] = []) => [...before, parseOrigin(origin)]),
        redaction(),
      ],
      examples: [
        ["tracelight collect", "into ./traces.db, then, in another terminal:"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node agent.js", "sends there"],
        ["tracelight collect dynamodb:Traces --port 4319", "into a table"],
        ["tracelight collect - > spans.jsonl", "into a file of records"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/collect.ts")).collect(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("view", {
      does: "Open a page over a store in which one sees what agents do, and take spans (OTLP over HTTP), until Ctrl-C.",
      arguments: [
        [
          "[store]",
          `an SQLite file, also one that is not there yet, lines, dynamodb:Table, or memory: for none; ${ELSE}`,
        ],
      ],
      options: [
        valued("-p, --port <port>", "listen on this port; 0 for any that is free", parsePort).default(4318),
        new Option("--host <address>", "listen on this address; one that others reach needs a token").default(
          "localhost",
        ),
        new Option("--open", "open the page in the browser"),
        new Option("--read-only", "take no spans, and change nothing"),
        new Option("--token <token>", "ask for this token, of at least 16 characters; else TRACELIGHT_TOKEN"),
        new Option("--principal <id>", "show only what was done for this person: ai.auth.context"),
        new Option(
          "--allow-host <name>",
          "a name by which the page may be asked for, beside localhost; may be given several times",
        ).argParser((name: string, before: readonly string[] = []) => [...before, name]),
        ...[redaction(), prices()],
      ],
      examples: [
        ["tracelight view", "./traces.db, which is made where it is missing"],
        ["tracelight view app.jsonl --open", "a log, in the browser"],
        ["tracelight view memory:", "what is sent there, as long as it runs"],
        ["tracelight view dynamodb:Traces --read-only", "a table"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/view.ts")).view(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("mcp", {
      does: "Serve a store to a coding agent by the Model Context Protocol, over standard input and output. It only reads.",
      arguments: [STORE],
      options: [new Option("--principal <id>", "only what was done for this person: ai.auth.context")],
      examples: [
        ["claude mcp add traces -- npx tracelight mcp traces.db", "for Claude Code"],
        ["codex mcp add traces -- npx tracelight mcp traces.db", "for Codex"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/mcp.ts")).mcp(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("prune", {
      does: "Remove old traces from an SQLite file, whole traces at a time.",
      arguments: [["[store]", `an SQLite file that Tracelight writes; ${ELSE}`]],
      options: [
        valued("--older-than <age>", "remove traces older than this: 30d, 12h", parseDuration),
        valued("--max-size <size>", "remove the oldest until the file is this small: 2gb", parseSize),
      ],
      examples: [
        ["tracelight prune --older-than 30d", "keep a month"],
        ["tracelight prune --max-size 500mb my.db", "keep half a gigabyte"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/prune.ts")).prune(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("redact", {
      does: "Find secrets and personal data in a store (--check), or take them out of an SQLite file in place (--apply).",
      arguments: [STORE],
      options: [
        new Option(
          "--check",
          "list what would be found, by kind and place, without showing it; exit code 1 where there is something",
        ),
        new Option(
          "--apply",
          "take it out of the SQLite file, its index, its log and its free pages",
        ).conflicts("check"),
        new Option("--rules <rules>", "a file of rules (.json, .js); default: those that are built in"),
        json(),
      ],
      examples: [
        ["tracelight redact my.db --check", "what is in it"],
        ["tracelight redact my.db --apply", "take it out; nothing brings it back"],
        ["tracelight redact my.db --apply --rules rules.json", "by rules of your own"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/redact.ts")).redactStore(context, command.args[0], command.opts()),
  }),
  () => ({
    command: described("create-table", {
      does: "Create a DynamoDB table for traces, or check one that is there.",
      arguments: [["<table>", "its name or ARN"]],
      options: [
        new Option("--region <region>", "default: what the AWS SDK finds"),
        new Option("--endpoint <url>", "of another DynamoDB, such as dynamodb-local"),
        new Option("--index <name>", "the index by conversation; default by_conversation_id"),
        new Option("--recent-index", "with an index that lists the newest without a scan: by_recent"),
        new Option("--recent-index-name <name>", "the same under another name"),
      ],
      examples: [
        ["tracelight create-table Traces --region eu-west-1", "on-demand billing, TTL on"],
        ["tracelight create-table Traces --endpoint http://127.0.0.1:8000", "in the emulator"],
      ],
    }),
    run: async (context, command) =>
      (await import("./commands/create-table.ts")).createTable(
        context,
        command.args[0] ?? "",
        command.opts(),
      ),
  }),
  () => ({
    command: described("dynamodb-local", {
      does: "Run an emulator of DynamoDB on this machine, until Ctrl-C. Needs the package dynalite.",
      arguments: [],
      options: [
        valued("-p, --port <port>", "listen on this port; default: a free one", parsePort),
        new Option("--path <folder>", "keep the tables here; default: in memory"),
      ],
      examples: [["tracelight dynamodb-local --port 8000 --path ./dynamodb", "the same tables each time"]],
    }),
    run: async (context, command) =>
      (await import("./commands/dynamodb-local.ts")).dynamoDbLocal(context, command.opts()),
  }),
];
