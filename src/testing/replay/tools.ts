// `replayTools`: tools that give what they gave when they were recorded.
import { TracelightError } from "../../model/errors.ts";
import { checkOptions, is } from "../../model/options.ts";
import { isRecording, type Recording } from "./recording.ts";

/** A tool of an app: it is given its input first. */
export type ToolFunction = (...args: never[]) => unknown;

/** The same tools, which give what was recorded: what they give is not checked against their types. */
export type ReplayedTools<Tools> = {
  readonly [Name in keyof Tools]: Tools[Name] extends (...args: infer Args) => infer Output
    ? (...args: Args) => Promise<Awaited<Output>>
    : never;
};

/**
 * Tools by their names, each a function of its input, which give what was recorded for that input and throw what was thrown. The same input gives the
 * recorded outputs in order. What was not recorded is a `REPLAY_MISS`.
 *
 * `tools` are the app's own: they are called behind a fork, where misses are recorded, and nowhere else. Without them, there is a function for each
 * tool that was recorded.
 *
 * @throws TracelightError `INVALID_OPTION`
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const attributes = { "ai.trace.type": "tool-invocation", "ai.tool.name": "get_weather" };
 * tracer.trace("get_weather", { attributes }, (span) => {
 *   span.addAttributes({ "ai.tool.input": { city: "Paris" }, "ai.tool.output": "25 degrees" });
 * });
 * const get_weather = async (input: { city: string }) => `It rains in ${input.city}`;
 * const tools = replayTools(await replay(tracer.getTraces()), { get_weather });
 * console.log(await tools.get_weather({ city: "Paris" })); // 25 degrees
 * ```
 */
export function replayTools<
  Tools extends Readonly<Record<string, ToolFunction>> = Readonly<
    Record<string, (input?: unknown) => unknown>
  >,
>(recording: Recording, tools?: Tools): ReplayedTools<Tools> {
  checkOptions(
    { recording, tools },
    {
      owner: "replayTools",
      checks: {
        recording: isRecording,
        tools: (value) => (isTools(value) ? undefined : "functions by name"),
      },
    },
  );
  const names = tools === undefined ? recording.toolNames : Object.keys(tools);
  const replayed: Record<string, unknown> = {};
  for (const name of names) {
    const real = tools?.[name];
    replayed[name] = async (...args: never[]) =>
      recording.callTool(name, args[0], real && (() => real(...args)));
  }
  if (hasAll<Tools>(replayed, names)) return replayed;
  throw new TracelightError("INVALID_OPTION", "replayTools needs functions by name.");
}

function isTools(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((one) => is.fn(one) === undefined)
  );
}

/** Each function is there; what it gives is the recording's to know. */
function hasAll<Tools>(
  replayed: Record<string, unknown>,
  names: readonly string[],
): replayed is Record<string, unknown> & ReplayedTools<Tools> {
  return names.every((name) => typeof replayed[name] === "function");
}
