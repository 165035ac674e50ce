import { InMemoryTracer } from "tracelight";
import "tracelight/vitest";
import { expect, it } from "vitest";

it("are vitest's own", () => {
  const tracer = new InMemoryTracer();
  tracer.trace("get_weather", (tool) => {
    tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": { city: "Amsterdam" } });
  });
  expect(tracer).toHaveToolCall("get_weather", { input: { city: expect.stringContaining("dam") } });
  expect(tracer).not.toHaveToolCall("get_events");
  expect(() => expect(tracer).toHaveToolCall("get_wether")).toThrow(/Did you mean get_weather\?/);
  expect(() => expect(tracer).not.toHaveToolCall("get_weather")).toThrow(
    /^Expected no call of the tool "get_weather"\.\nThere is one\./,
  );
  expect(tracer).toMatchTrace("weather");
});
