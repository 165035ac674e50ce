// What is large does not hold the event loop: values, lists of messages, and reads of many spans.
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { TeeTracer } from "tracelight";
import { describe, expect, test } from "vitest";
import { expectFreeLoop, holdOf } from "../event-loop.ts";
import { sized } from "../sizes.ts";
import { startChild } from "./processes.ts";
import { freshPath, read, tracerOver } from "./support.ts";

const MESSAGES = "ai.llm.request.messages";
const LARGE = sized(100_000_000, 10_000_000);

test(`a value of ${LARGE / 1e6} MB comes back, and the event loop goes on meanwhile`, async () => {
  const [text, bytes] = ["häppy ".repeat(LARGE / 12), new Uint8Array(LARGE / 2).fill(7)];
  const { tracer } = await expectFreeLoop(async () => {
    const { tracer, errors } = tracerOver(freshPath());
    await tracer.getTraces();
    const span = tracer
      .startSpan("large")
      .addAttributes({ text, bytes })
      .addEvent("event", { text: "e".repeat(300_000) });
    span.addAttribute("small", 1);
    await turn();
    const hold = await holdOf(async () => {
      span.end();
      await tracer.flush();
    });
    expect(errors).toEqual([]);
    return { tracer, ...hold };
  });
  const [found] = await tracer.getTraces();
  expect(found?.attributes["text"]).toBe(text);
  expect(Buffer.compare(bytesOf(found?.attributes["bytes"]), bytes)).toBe(0);
  expect(found?.attributes["small"]).toBe(1);
  expect(found?.events[0]?.attributes?.["text"]).toHaveLength(300_000);
});

describe("message lists", () => {
  test("with an image of 5 MB, given again in each of 20 calls, are stored once", async () => {
    await expectFreeLoop(async () => {
      const path = freshPath();
      const { tracer, errors } = tracerOver(path);
      await tracer.getTraces();
      const history: object[] = [{ role: "user", content: [{ image: randomText(5_000_000) }] }];
      const hold = await holdOf(async () => {
        for (let i = 0; i < 20; i++) {
          history.push({ role: "user", content: [{ text: `${i} ${"word ".repeat(60)}` }] });
          tracer
            .startSpan(`llm ${i}`, { parentSpan: null })
            .addAttributes({ "ai.conversation.id": "c", [MESSAGES]: [...history] })
            .end();
          await tracer.flush();
        }
      });
      const found = await tracer.getTraces();
      expect(found.map(({ attributes }) => attributes[MESSAGES])).toEqual(
        found.map((_, i) => history.slice(0, i + 2)),
      );
      await tracer.close();
      expect(errors).toEqual([]);
      expect(statSync(path).size).toBeLessThan(5_500_000);
      return hold;
    });
  });

  test("that are large, and known from elsewhere, do not hold the event loop", async () => {
    const images = Array.from({ length: 4 }, (_, i) => ({
      role: "user",
      content: [{ text: `${i}`, image: randomText(sized(1_500_000, 500_000)) }],
    }));
    const { paths } = await expectFreeLoop(async () => {
      const paths = [freshPath(), freshPath()];
      const tee = new TeeTracer();
      for (const path of paths) tee.addTracer(tracerOver(path).tracer);
      await tee.flush();
      const call = (conversation: string, list: object[]) =>
        tee
          .startSpan("llm", { parentSpan: null })
          .addAttributes({ "ai.conversation.id": conversation, [MESSAGES]: list });
      const spans = [call("c", images), call("another", images), call("c", images.slice(1))];
      await turn();
      const hold = await holdOf(async () => {
        for (const span of spans) {
          span.end();
          await tee.flush();
        }
      });
      return { paths, ...hold };
    });
    for (const path of paths) {
      expect((await read(path)).map(({ attributes }) => attributes[MESSAGES])).toEqual([
        images,
        images,
        images.slice(1),
      ]);
    }
  });
});

test("reads in the agent's process do not hold its event loop", async () => {
  const path = freshPath();
  const spans = sized(100_000, 10_000);
  const agent = await startChild({ path });
  await agent.ask("burst", { name: "s", spans, perTick: 500, text: 1000 });
  await agent.ask("burst", { name: "wide", spans: 300, perTick: 10, text: 150_000 });
  await agent.ask("flush", {});
  // About the second SQL cannot decide, so each span is looked at.
  for (const key of ["none", 'an "odd" key']) {
    await expectFreeLoop(async () => {
      await agent.ask("watchLoop");
      expect(await agent.ask("find", { attributeFilter: { [key]: 1 } })).toEqual({ spans: 0 });
      return await agent.ask("hold");
    });
  }
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

/** Text that hardly gets smaller when it is compressed. */
function randomText(length: number): string {
  return randomBytes((length * 3) / 4).toString("base64");
}
