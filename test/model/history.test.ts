// A history given again and again costs what is new: unchanged messages are shared, and nothing else differs.
import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { InMemoryTracer } from "tracelight";
import { describe, expect, it } from "vitest";
import { capture, MAX_NODES } from "../../src/model/capture.ts";
import { captureShared, reveal } from "../../src/model/history.ts";
import { runs } from "../sizes.ts";
import { anyMaker, hostileMakers } from "./arbitraries.ts";

/** A capture that shares, as a reader sees it. */
function shared(value: unknown): unknown {
  return reveal(captureShared(value));
}

function itemsOf(captured: unknown): readonly unknown[] {
  return Array.isArray(captured) ? captured : [];
}

function message(text: string): Record<string, unknown> {
  return { role: "user", content: [{ text }] };
}

/** What an agent, or a careless one, does to its list of messages between two model calls. */
interface Edit {
  readonly what: string;
  readonly at: number;
  readonly make: () => unknown;
}

class Conversation {
  list: unknown[] = [message("one")];
  readonly #earlier: unknown[][] = [];

  apply({ what, at, make }: Edit): void {
    const index = at % Math.max(1, this.list.length);
    const item = this.list[index];
    if (what === "push") this.list.push(make());
    if (what === "copy and push") this.list = [...this.list, make()];
    if (what === "copy") this.list = [...this.list];
    if (what === "clone") this.list = itemsOf(capture(this.list)).slice();
    if (what === "delete") this.list.splice(index, 1);
    if (what === "insert") this.list.splice(index, 0, make());
    if (what === "replace") this.list[index] = make();
    if (what === "reverse") this.list.reverse();
    if (what === "repeat") this.list.push(item);
    if (what === "cut") this.list.length = index;
    if (what === "edit in place") edit(item, make());
    if (what === "make a hole") delete this.list[index];
    if (what === "remember") this.#earlier.push(this.list);
    if (what === "fork")
      this.list = [...(this.#earlier[at % Math.max(1, this.#earlier.length)] ?? this.list)];
    if (what === "go back") this.list = this.#earlier.pop() ?? this.list;
  }
}

/** Changes an object of the history without anyone seeing a new object; a hostile or frozen one stays as it is. */
function edit(item: unknown, value: unknown): void {
  try {
    if (item instanceof Date) item.setTime(7);
    else if (item instanceof Uint8Array) item.fill(7);
    else if (item instanceof Map) item.set("edited", value);
    else if (Array.isArray(item)) item.push(value);
    else if (typeof item === "object" && item !== null) Reflect.set(item, "edited", value);
  } catch {
    // It could not be changed, which is one of the cases.
  }
}

const EDITS = [
  ...["push", "copy and push", "copy", "clone", "delete", "insert", "replace", "reverse", "repeat", "cut"],
  ...["edit in place", "make a hole", "remember", "fork", "go back"],
];

const messages = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 3 }).map((text) => () => message(text)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(0, -0, Number.NaN, "text", null, undefined).map((v) => () => v),
  },
  { weight: 2, arbitrary: fc.date({ noInvalidDate: true }).map((date) => () => ({ at: new Date(date) })) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 4 }).map((raw) => () => ({ raw: Uint8Array.from(raw) })),
  },
  { weight: 3, arbitrary: anyMaker },
);

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ what: fc.constantFrom(...EDITS), at: fc.nat(20), make: messages }),
  { maxLength: 20 },
);

describe("what a shared capture gives", () => {
  it("always equals a plain capture, whatever was captured before", () => {
    fc.assert(
      fc.property(edits, (steps) => {
        const conversation = new Conversation();
        for (const step of steps) {
          conversation.apply(step);
          deepStrictEqual(shared(conversation.list), capture(conversation.list));
        }
      }),
      { numRuns: runs(600) },
    );
  });

  it("always equals a plain capture for a request that holds the messages", () => {
    fc.assert(
      fc.property(edits, (steps) => {
        const conversation = new Conversation();
        const request: Record<string, unknown> = { model: "m", options: { temperature: 0 } };
        for (const step of steps) {
          conversation.apply(step);
          request["messages"] = conversation.list;
          if (step.what === "replace") request["options"] = step.make();
          deepStrictEqual(shared(request), capture(request));
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it("never changes what an earlier capture gave", () => {
    fc.assert(
      fc.property(edits, (steps) => {
        const conversation = new Conversation();
        const captures: { readonly held: unknown; readonly expected: unknown }[] = [];
        for (const step of steps) {
          conversation.apply(step);
          captures.push({ held: captureShared(conversation.list), expected: capture(conversation.list) });
        }
        for (const { held, expected } of captures) deepStrictEqual(reveal(held), expected);
      }),
      { numRuns: runs(300) },
    );
  });

  it("is frozen", () => {
    const list = [message("one")];
    for (const captured of [shared(list), shared([...list, message("two")]), shared({ list })]) {
      expect(Object.isFrozen(captured)).toBe(true);
    }
  });

  for (const [what, make] of Object.entries(hostileMakers)) {
    it(`holds for a history with ${what}`, () => {
      const list: unknown[] = [message("one"), make(), message("two")];
      for (let turn = 0; turn < 3; turn++, list.push(make(), message("more"))) {
        deepStrictEqual(shared(list), capture(list));
      }
    });
  }

  it("knows 0 from -0", () => {
    const item = { x: 0 };
    shared([item]);
    item.x = -0;
    deepStrictEqual(shared([item]), [{ x: -0 }]);
  });

  it("sees through a date that lies about its time", () => {
    const at = new Date(1);
    const list = [{ at }];
    shared(list);
    at.setTime(2);
    Object.assign(at, { getTime: () => 1 });
    deepStrictEqual(shared(list), [{ at: new Date(2) }]);
  });

  it("marks a cycle through the list itself", () => {
    const list: unknown[] = [message("one")];
    shared(list);
    list.push({ list });
    deepStrictEqual(shared(list), [message("one"), { list: "[Circular]" }]);
  });

  it("counts levels from the top of the whole value", () => {
    let deep: unknown = { deep: true };
    for (let i = 0; i < 300; i++) deep = [deep];
    deepStrictEqual(shared([{ deep }]), capture([{ deep }]));
  });

  it("holds the bound of a million values over all new messages together", () => {
    let unfolding: unknown = { leaf: true };
    for (let i = 0; i < 30; i++) unfolding = { left: unfolding, right: unfolding };
    const list = Array.from({ length: 40 }, () => ({ unfolding }));
    const text = JSON.stringify(shared(list));
    expect(text.match(/leaf/g)?.length).toBeLessThan(MAX_NODES);
    expect(text).toContain("[Truncated: more than 1000000 values]");
  });

  it("is right even where reading a message captures another branch of the same history", () => {
    const first = message("one");
    const tracing = {
      role: "tool",
      toJSON: (): unknown => {
        shared([first, message("other branch")]);
        return { role: "tool" };
      },
    };
    shared([first]);
    deepStrictEqual(shared([first, tracing, message("two")]), [first, { role: "tool" }, message("two")]);
  });

  it("does not run an iterator that a list brings along", () => {
    let runs = 0;
    const parts = Object.assign([message("one")], { [Symbol.iterator]: () => [runs++].values() });
    const request = { parts };
    shared(request);
    parts.push(message("two"));
    deepStrictEqual(shared(request), { parts: [message("one"), message("two")] });
    expect(runs).toBe(0);
  });
});

describe("what is shared", () => {
  it("is every unchanged message, by identity, where the list grows in place", () => {
    const list = [message("one"), message("two")];
    const before = itemsOf(shared(list));
    list.push(message("three"));
    const after = itemsOf(shared(list));
    expect(after).toHaveLength(3);
    expect(before.every((item, i) => item === after[i])).toBe(true);
  });

  it("is every unchanged message where each call gives a new list", () => {
    const list = [message("one"), message("two")];
    const before = itemsOf(shared(list));
    const after = itemsOf(shared([...list, message("three"), message("four")]));
    expect(before.every((item, i) => item === after[i])).toBe(true);
  });

  it("is the common beginning of two branches", () => {
    const list = [message("one")];
    const [left, right] = [
      [...list, message("left")],
      [...list, message("right")],
    ];
    const [root, ...branches] = [itemsOf(shared(list)), itemsOf(shared(left)), itemsOf(shared(right))];
    expect(branches.map((items) => items[0] === root?.[0])).toEqual([true, true]);
    deepStrictEqual(branches, [left, right]);
  });

  it("is what did not change inside a message that did", () => {
    const part = { text: "unchanged" };
    const edited = { role: "user", content: [part], cached: false };
    const list = [edited, message("two")];
    const before = itemsOf(shared(list));
    edited.cached = true;
    const after = itemsOf(shared(list));
    expect(after[0]).not.toBe(before[0]);
    expect(Reflect.get(Object(after[0]), "content")).toBe(Reflect.get(Object(before[0]), "content"));
  });

  it("is shared between the spans of a conversation", () => {
    const tracer = new InMemoryTracer();
    const list = [message("one")];
    for (let turn = 0; turn < 3; turn++, list.push(message("more"))) {
      tracer.trace("llm", (span) => span.addAttribute("ai.llm.request.messages", list));
    }
    const histories = tracer.getTraces().map((span) => itemsOf(span.attributes["ai.llm.request.messages"]));
    expect(histories.map((items) => items.length)).toEqual([1, 2, 3]);
    expect(new Set(histories.map((items) => items[0])).size).toBe(1);
  });
});
