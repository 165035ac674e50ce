// Histories that are redacted: whatever is done to one between calls, each call shows it as it was by then, without its secrets.
import fc from "fast-check";
import { InMemoryTracer, NAMES } from "tracelight";
import { type RedactOptions, redact } from "tracelight/redact";
import { expect, it } from "vitest";
import { collect } from "../agents/collected.ts";
import { runs } from "../sizes.ts";

const SECRET = "ada.lovelace@example.org";

interface Message {
  role: string;
  content: { text: string }[];
}

/** What is done to a conversation before a call. */
type Deed = "say" | "tell" | "change" | "replace" | "forget" | "shorten" | "fork" | "again";
const DEEDS: readonly Deed[] = ["say", "tell", "change", "replace", "forget", "shorten", "fork", "again"];

const deeds = fc.array(
  fc.record({
    deed: fc.constantFrom(...DEEDS),
    /** Which conversation, and which message of it. */
    which: fc.nat(),
    at: fc.nat(),
    hasSecret: fc.boolean(),
    isNested: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);

let said = 0;
const message = (hasSecret: boolean): Message => ({
  role: "user",
  content: [{ text: `${said++} ${hasSecret ? `I am ${SECRET}` : "hello"}` }],
});

/** Changes the conversation, in place or not; gives the one that the call sends. */
function done(conversation: Message[], deed: Deed, at: number, hasSecret: boolean): Message[] {
  const fresh = message(hasSecret);
  const place = conversation.length === 0 ? 0 : at % conversation.length;
  const old = conversation[place];
  switch (deed) {
    case "say":
      conversation.push(fresh);
      return conversation;
    case "tell":
      return [...conversation, fresh, message(!hasSecret)];
    case "change":
      if (old !== undefined) old.content.push(...fresh.content);
      return conversation;
    case "replace":
      conversation[place] = fresh;
      return conversation;
    case "forget":
      conversation.splice(place, 1);
      return conversation;
    case "shorten":
      return conversation.slice(0, place);
    case "fork":
    case "again":
      return [...conversation];
  }
}

/** The same value with none of its objects known to anybody, redacted by rules that have seen nothing. */
function redactedAnew(value: unknown, options: RedactOptions): unknown {
  const tracer = new InMemoryTracer({ process: redact(options) });
  tracer.trace("call", (span) => span.addAttribute(NAMES.requestMessages, structuredClone(value)));
  return tracer.getTraces()[0]?.attributes[NAMES.requestMessages];
}

it.each<[string, RedactOptions]>([
  ["labels", {}],
  ["pseudonyms", { replace: { pseudonym: "a key of sixteen or more" } }],
])("each call shows a history as it was by then: %s", (_, options) => {
  fc.assert(
    fc.property(deeds, fc.nat(40), (steps, before) => {
      const tracer = new InMemoryTracer({ process: redact(options) });
      const first = Array.from({ length: before }, (_, i) => message(i % 3 === 0));
      const conversations: Message[][] = [first];
      const expected: unknown[] = [];
      for (const { deed, which, at, hasSecret, isNested } of steps) {
        const place = which % conversations.length;
        const sent = done(conversations[place] ?? first, deed, at, hasSecret);
        if (deed === "fork") conversations.push(sent);
        else conversations[place] = sent;
        const value = isNested ? { model: "m", messages: sent } : sent;
        expected.push(redactedAnew(value, options));
        tracer.trace("call", (span) => span.addAttribute(NAMES.requestMessages, value));
      }
      const spans = tracer.getTraces();
      expect(spans.map(({ attributes }) => attributes[NAMES.requestMessages])).toEqual(expected);
      expect(JSON.stringify(spans)).not.toContain("lovelace");
    }),
    { numRuns: runs(400) },
  );
});

it("what else a process does with a redacted history changes nothing of it", () => {
  const messages: Message[] = Array.from({ length: 20 }, (_, i) => message(i % 2 === 0));
  const rules = redact();
  const tracer = new InMemoryTracer({
    process: (span) => {
      rules?.(span);
      span.attributes["copied"] = span.attributes[NAMES.requestMessages];
      span.attributes["turns"] = messages.length;
    },
  });
  for (let turn = 0; turn < 3; turn++) {
    messages.push(message(true));
    tracer.trace("call", (span) => span.addAttribute(NAMES.requestMessages, messages));
  }
  const spans = tracer.getTraces();
  const lists = spans.map(({ attributes }) => attributes[NAMES.requestMessages]);
  expect(lists.map((list) => (Array.isArray(list) ? list.length : 0))).toEqual([21, 22, 23]);
  expect(spans.map(({ attributes }) => attributes["turns"])).toEqual([21, 22, 23]);
  for (const { attributes } of spans) {
    expect(attributes["copied"]).toEqual(attributes[NAMES.requestMessages]);
    expect(Object.isFrozen(attributes[NAMES.requestMessages])).toBe(true);
  }
  const [first, , last] = lists.map((list) => (Array.isArray(list) ? list : []));
  expect(first?.every((item, i) => item === last?.[i])).toBe(true);
  expect(JSON.stringify(spans)).not.toContain("lovelace");
});

it("the list of a history is kept once, not once a call", async () => {
  const tracer = new InMemoryTracer({ process: redact() });
  const messages = Array.from({ length: 2000 }, () => message(true));
  const calls = async (times: number) => {
    for (let i = 0; i < times; i++)
      tracer.trace("call", (span) => span.addAttribute(NAMES.requestMessages, messages));
    await tracer.flush();
    collect();
    return process.memoryUsage().heapUsed;
  };
  await calls(10);
  const before = await calls(10);
  // By themselves they would be 500 lists of 16 KB.
  expect((await calls(500)) - before).toBeLessThan(3_000_000);
});

it("a history that a process gives to another attribute is kept once as well", async () => {
  const tracer = new InMemoryTracer({
    process: (span) => {
      span.attributes["copied"] = span.attributes[NAMES.requestMessages];
    },
  });
  const messages = Array.from({ length: 3 }, () => message(false));
  tracer.trace("call", (span) => span.addAttribute(NAMES.requestMessages, messages));
  messages.push(message(false));
  tracer.trace("call", (span) => span.addAttribute(NAMES.requestMessages, messages));
  const [first, second] = tracer.getTraces().map(({ attributes }) => attributes["copied"]);
  expect([first, second]).toEqual([messages.slice(0, 3), messages]);
  const items = [first, second].map((list): unknown[] => (Array.isArray(list) ? list : []));
  expect(items[0]?.every((item, i) => item === items[1]?.[i])).toBe(true);
});
