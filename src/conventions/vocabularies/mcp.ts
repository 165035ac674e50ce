// The Model Context Protocol: calls of tools on a server, as OpenTelemetry and Traceloop write them.
import { fieldIn, isAnObject, textIn } from "../values.ts";
import type { NamedField, Names, Vocabulary } from "./vocabulary.ts";

const NAMES = {
  toolName: ["gen_ai.tool.name", "mcp.tool.name"],
  toolCallId: ["gen_ai.tool.call.id"],
} as const satisfies Names<NamedField>;

const METHOD = "mcp.method.name";
const ARGUMENTS = [
  "gen_ai.tool.call.arguments",
  "mcp.tool.arguments",
  "mcp.request.arguments",
  "mcp.request.params",
] as const;
const RESULT = ["gen_ai.tool.call.result", "mcp.tool.result", "mcp.response.result"] as const;

/** The vocabulary of MCP. */
export const mcp: Vocabulary<"mcp"> = {
  name: "mcp",
  described: "OpenTelemetry semantic conventions for MCP, 1.39 to 1.45 (docs/gen-ai/mcp.md)",
  names: NAMES,
  owns: { "mcp.": "all" },
  structures: [...ARGUMENTS, ...RESULT],
  kind: (source) => {
    const method = textIn(source.attributes[METHOD]);
    if (method === "tools/call") return "tool-call";
    if (method !== undefined) return "other";
    return source.text(["mcp.tool.name"]) === undefined ? undefined : "tool-call";
  },
  input: (source) => ARGUMENTS.map((name) => source.value(name)).find((value) => value !== undefined),
  output: (source) =>
    mcpContent(RESULT.map((name) => source.value(name)).find((value) => value !== undefined)),
};

/** What a tool of MCP answers is a list of content; one text stands for itself. */
export function mcpContent(result: unknown): unknown {
  const content = fieldIn(result, "content");
  const text =
    Array.isArray(content) && content.length === 1 && isAnObject(content[0])
      ? fieldIn(content[0], "text")
      : undefined;
  return text ?? result;
}
