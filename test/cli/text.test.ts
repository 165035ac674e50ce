// The pieces of text that the command's output is made of.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration, parseSize, parseTime } from "../../src/cli/arguments.ts";
import { turnsOf } from "../../src/cli/conversation.ts";
import { age, bytes, compact, count, duration, tokens } from "../../src/cli/format.ts";
import { linesOf } from "../../src/cli/stores/lines.ts";
import { placedSpans, traceTree } from "../../src/cli/tree.ts";
import { plain } from "../../src/render/color.ts";
import { wrapped } from "../../src/render/wrap.ts";
import { spanFields } from "../model/arbitraries.ts";
import { sized } from "../sizes.ts";

const hex = (n: number): string => n.toString(16).padStart(16, "0");

describe("what people write", () => {
  test.each([
    ["90s", 90_000],
    ["30m", 1_800_000],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
    ["4w", 2_419_200_000],
    ["250ms", 250],
  ])("%s is %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    ["2026-11-22", "2026-11-22T00:00:00.000Z"],
    ["2026-11-22T14:40", "2026-11-22T14:40:00.000Z"],
    ["2026-11-22 14:40:05.5", "2026-11-22T14:40:05.500Z"],
    ["2026-11-22T14:40+02:00", "2026-11-22T12:40:00.000Z"],
  ])("%s is %s", (text, time) => {
    expect(parseTime(text).toISOString()).toBe(time);
  });

  test("a time ago, today and yesterday count from now", () => {
    const hours = (Date.now() - parseTime("2h").getTime()) / 3_600_000;
    expect(hours).toBeCloseTo(2, 2);
    const day = parseTime("today").getTime() - parseTime("yesterday").getTime();
    expect(day).toBe(86_400_000);
  });

  test.each([
    ["1048576", 1_048_576],
    ["500mb", 500_000_000],
    ["2GB", 2_000_000_000],
    ["1.5GiB", 1_610_612_736],
    ["10k", 10_000],
  ])("%s is %i bytes", (text, size) => {
    expect(parseSize(text)).toBe(size);
  });

  test.each(["", "2", "h", "2 hours", "-2h", "2026-13-01", "2026-02-30", "2026-11-22T25:00", "now!"])(
    "%j is no time",
    (text) => {
      expect(() => parseTime(text)).toThrow(/is no time; write/);
    },
  );
});

describe("what people read", () => {
  test("durations", () => {
    const shown = [
      0, 0.058, 0.9996, 9.94, 812.4, 1234, 12_340, 59_949, 59_950, 125_000, 11_520_000, 183_600_000,
    ];
    expect(shown.map(duration)).toEqual(
      ["0 µs", "58 µs", "1.0 ms", "9.9 ms", "812 ms", "1.23 s", "12.3 s", "59.9 s"].concat([
        "1m 00s",
        "2m 05s",
        "3h 12m",
        "2d 3h",
      ]),
    );
  });

  test("counts", () => {
    expect([0, 999, 1234, 12_345_678].map(count)).toEqual(["0", "999", "1,234", "12,345,678"]);
    expect([999, 1000, 1234, 99_949, 999_499, 999_500, 2_500_000_000].map(compact)).toEqual([
      "999",
      "1k",
      "1.2k",
      "99.9k",
      "999k",
      "1M",
      "2.5G",
    ]);
    expect([12, 4200, 2_000_000_000].map(bytes)).toEqual(["12 B", "4.2 kB", "2 GB"]);
    expect([tokens(0, 0), tokens(1200, 48)]).toEqual(["", "1.2k→48"]);
  });

  test("ages", () => {
    const now = new Date("2026-11-22T12:00:00Z");
    const ago = (seconds: number): string => age(new Date(now.getTime() - seconds * 1000), now);
    expect([-10, 0, 30, 90, 7200, 86_400 * 3].map(ago)).toEqual([
      "just now",
      "just now",
      "30s ago",
      "1m ago",
      "2h ago",
      "3d ago",
    ]);
    expect([ago(86_400 * 90), ago(-86_400)]).toEqual(["24 Aug 2026", "23 Nov 2026"]);
  });
});

describe("trees", () => {
  test("a trace of any depth and width is shown, also one whose spans are their own ancestors", () => {
    const deep = Array.from({ length: 5000 }, (_, i) =>
      spanFields({ spanId: hex(i + 1), parentSpanId: i === 0 ? undefined : hex(i) }),
    );
    expect(
      placedSpans(deep, 3)
        .map(({ branch }) => branch)
        .slice(0, 6),
    ).toEqual(["", "└─ ", "   └─ ", "      └─ ", "      └─ (4) ", "      └─ (5) "]);
    const WIDE = sized(150_000, 60_000);
    const wide = Array.from({ length: WIDE }, (_, i) =>
      spanFields({ spanId: hex(i + 1), parentSpanId: i === 0 ? undefined : hex(1) }),
    );
    const lines = traceTree(wide, { width: 80, paint: plain, maxSpans: 3 });
    expect(lines).toHaveLength(5);
    expect(lines[4]).toBe(`… and ${(WIDE - 3).toLocaleString("en")} more spans: --full shows them`);
    const loop = [
      spanFields({ spanId: hex(1), parentSpanId: hex(2) }),
      spanFields({ spanId: hex(2), parentSpanId: hex(1) }),
    ];
    expect(placedSpans(loop)).toHaveLength(2);
  });
});

describe("conversations", () => {
  test("an agent that works for another is shown where it was called, with what it did", () => {
    const turn = (n: number, fields: Parameters<typeof spanFields>[0]) =>
      spanFields({ spanId: hex(n), startedAtMicros: n, endedAtMicros: n + 10, ...fields });
    const [only, ...others] = turnsOf([
      turn(1, {
        attributes: { "ai.trace.type": "converse", "ai.user.input": "Go", "ai.agent.response": "Done" },
      }),
      turn(2, {
        parentSpanId: hex(1),
        attributes: { "ai.trace.type": "converse", "ai.agent.name": "Helper", "ai.user.input": "You go" },
      }),
      turn(3, {
        parentSpanId: hex(2),
        attributes: { "ai.trace.type": "tool-invocation", "ai.tool.name": "walk" },
      }),
    ]);
    expect(others).toEqual([]);
    expect(only?.entries.map(({ who, title, text }) => [who, title?.[0], text])).toEqual([
      ["user", undefined, "Go"],
      ["agent", "Helper", "You go"],
      ["tool", "walk", undefined],
      ["assistant", undefined, "Done"],
    ]);
  });
});

describe("lines of a stream", () => {
  test("are the same wherever the chunks are cut; one that is too long is left out, with its number", async () => {
    const bytes = Buffer.from("one\n日本\n\nxxxxxxxxxxxx\nlast");
    for (let size = 1; size <= bytes.length; size++) {
      async function* chunks(): AsyncGenerator<Buffer> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const lines = [];
      for await (const some of linesOf(chunks(), 10)) lines.push(...some);
      expect(lines).toEqual([
        { number: 1, text: "one" },
        { number: 2, text: "日本" },
        { number: 3, text: "" },
        { number: 4, text: undefined },
        { number: 5, text: "last" },
      ]);
    }
  });
});

test("a text of ASCII, which is cut, is broken where one with accents is, which is put together", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", "b", " ", "\t", "\n", "-"), maxLength: 300 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 30 }), (text, width) => {
      const room = { width, maxLines: Number.POSITIVE_INFINITY };
      const accented = wrapped(text.replaceAll("a", "á").replaceAll("b", "ê").replaceAll("-", "ö"), room);
      const bare = accented.map((line) =>
        line.replaceAll("á", "a").replaceAll("ê", "b").replaceAll("ö", "-"),
      );
      expect(wrapped(text, room)).toEqual(bare);
    }),
  );
});
