// docs/attributes.md has every attribute name that the sources write, and none that they do not.
import { readdirSync, readFileSync } from "node:fs";
import { NAMES } from "tracelight";
import { expect, it } from "vitest";
import { ATIF_NAMES } from "../../src/conventions/vocabularies/atif.ts";

/** Where spans get attributes by Tracelight itself. */
const WRITERS = ["agents", "delivery", "exchange", "otlp", "tracing"];

/** Dotted texts in the sources that are no name of an attribute of ours: what is read of others, and what is something else. */
const OTHERS = [
  ...[
    "ai.documents",
    "ai.model.id",
    "ai.model.provider",
    "ai.operationId",
    "ai.prompt",
    "ai.prompt.messages",
    "ai.ranking",
  ],
  ...["ai.prompt.tools", "ai.response.finishReason", "ai.response.object", "ai.response.reasoning"],
  ...["ai.response.text", "ai.response.toolCalls", "ai.stream", "ai.stream.firstChunk"],
  ...["ai.telemetry.functionId", "ai.toolCall", "ai.toolCall.args", "ai.toolCall.id", "ai.toolCall.name"],
  ...["ai.toolCall.result", "ai.usage.tokens", "ai.values"],
  ...["conversation.id", "error.message", "event.kind", "event.name", "event.sequence", "event.timestamp"],
  ...["prompt.id", "session.id"],
  ...["aws.bedrock", "nodejs.util.inspect.custom", "observation.results", "openai.agents.core.traceProvider"],
  ...["gen_ai.request.", "gen_ai.request.model"],
  ...["scope.name", "scope.version", "status.code", "status.message"],
  ...["response.completed", "response.custom_tool_call_input.delta", "response.failed"],
  ...["response.function_call_arguments.delta", "response.incomplete", "response.output_text.delta"],
  ...["response.reasoning_summary_text.delta", "response.reasoning_text.delta", "response.refusal.delta"],
];

const texts = new Set(WRITERS.flatMap(dottedIn));
const documented = [...read("docs/attributes.md").matchAll(/^\| `([^`]+)` \|/gm)].map(
  ([, name]) => name ?? "",
);

it("each name is on the page", () => {
  const written = [...texts].filter((text) => !OTHERS.includes(text));
  const names = new Set([...Object.values(NAMES), ...Object.values(ATIF_NAMES), ...written]);
  expect([...names].filter((name) => !documented.includes(name.replace(/\.$/, ".*")))).toEqual([]);
});

it("each name of the page is one, once, with all that is said of it", () => {
  expect(documented.toSorted()).toEqual([...new Set(documented)].toSorted());
  const known: readonly string[] = [...Object.values(NAMES), ...Object.values(ATIF_NAMES), ...texts];
  // Families whose names are made of what others say.
  const families = ["ai.telemetry.metadata.*", "claude_code.*", "codex.*"];
  const isKnown = (name: string) => families.includes(name) || known.includes(name.replace(/\.\*$/, "."));
  expect(documented.filter((name) => !isKnown(name))).toEqual([]);
  const rows = read("docs/attributes.md")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows.filter((row) => !/^\| `[^`]+` \| [^|]{2,} \| [^|]{2,} \| [^|]{2,} \|$/.test(row))).toEqual([]);
});

it("what is said to be no name of ours is in the sources", () => {
  expect(OTHERS.filter((text) => !texts.has(text))).toEqual([]);
});

function dottedIn(folder: string): string[] {
  const files = readdirSync(`src/${folder}`, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...read(`src/${folder}/${file}`).matchAll(/"([a-z][a-z_]*(?:\.[A-Za-z_]+)+\.?)"/g)])
    .map(([, text]) => text ?? "")
    .filter((text) => !/\.(?:ts|js)$/.test(text));
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}
