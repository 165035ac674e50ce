// OtlpTracer keeps the contract of sinks, over a real server.
import { OtlpTracer } from "tracelight/otlp";
import { sinkContract } from "tracelight/testing";
import { describe, test } from "vitest";
import { StubServer } from "./support.ts";

describe.each(["protobuf", "json"] as const)("OtlpTracer in %s keeps the contract:", (encoding) => {
  describe.each(["rich", "json"] as const)("values %s", (values) => {
    test.each(sinkContract.map(({ name, run }) => [name, run] as const))("%s", async (_name, run) => {
      const { url } = await new StubServer().start();
      await run((options) => new OtlpTracer({ ...options, url, encoding, values }));
    });
  });
});
