// A wrong option is said at once, at construction: which one, of what, and how to mend it.
import { readdirSync, readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { InMemoryTracer, TracelightError } from "tracelight";
import { describe, expect, it } from "vitest";
import { errorCode, messageOf } from "../../src/model/errors.ts";
import { checkOptions, is, type OptionRules } from "../../src/model/options.ts";
import { closest } from "../../src/model/spelling.ts";

const RULES: OptionRules = {
  owner: "TableTracer",
  checks: {
    tableName: is.text,
    ttlSeconds: is.count(1),
    ratio: is.amount(0),
    color: is.flag,
    onError: is.fn,
    stream: is.having("write", "a writable stream"),
    durability: is.oneOf("tick", "sync"),
  },
  required: ["tableName"],
};

/** The message of the fault; empty where there is none. */
function faultOf(options: unknown): string {
  try {
    checkOptions(options, RULES);
  } catch (error) {
    expect(error).toBeInstanceOf(TracelightError);
    expect(error).toMatchObject({ code: "INVALID_OPTION" });
    return messageOf(error);
  }
  return "";
}

describe("options", () => {
  it("may be left out or undefined where they are not needed", () => {
    expect(faultOf({ tableName: "t" })).toBe("");
    expect(faultOf({ tableName: "t", ttlSeconds: undefined })).toBe("");
  });

  it("are named, with their tracer and the mend, where they are out of range", () => {
    const faults: readonly (readonly [string, unknown, string])[] = [
      ["tableName", "", 'must be a string that is not empty, not ""'],
      ["tableName", 5, "must be a string that is not empty, not 5"],
      ["ttlSeconds", 0, "must be a whole number of at least 1, not 0"],
      ["ttlSeconds", 1.5, "must be a whole number of at least 1, not 1.5"],
      ["ttlSeconds", "60", 'must be a whole number of at least 1, not "60"'],
      ["ttlSeconds", Number.NaN, "must be a whole number of at least 1, not NaN"],
      ["ttlSeconds", 5n, "must be a whole number of at least 1, not a value of type bigint"],
      ["ttlSeconds", Number.NEGATIVE_INFINITY, "must be a whole number of at least 1, not -Infinity"],
      ["ratio", -0.1, "must be a number of at least 0, not -0.1"],
      ["ratio", Number.POSITIVE_INFINITY, "must be a number of at least 0, not Infinity"],
      ["color", "yes", 'must be true or false, not "yes"'],
      ["color", null, "must be true or false, not null"],
      ["onError", {}, "must be a function, not a value of type object"],
      ["stream", [], "must be a writable stream, not an array"],
      ["durability", "never", 'must be one of "tick", "sync", not "never"'],
    ];
    for (const [name, value, rest] of faults) {
      expect(faultOf({ tableName: "t", [name]: value })).toBe(`Option "${name}" of TableTracer ${rest}.`);
    }
  });

  it("are taken where they are in range", () => {
    const good = {
      tableName: "t",
      ttlSeconds: Number.POSITIVE_INFINITY,
      ratio: 0.5,
      color: false,
      onError: () => undefined,
      stream: { write: () => true },
      durability: "sync",
    };
    expect(faultOf(good)).toBe("");
  });

  it("are missed where they are needed", () => {
    expect(faultOf({})).toBe('TableTracer needs the option "tableName": a string that is not empty.');
    expect(faultOf({ tableName: undefined })).toContain('needs the option "tableName"');
  });

  it("that do not exist are named, with the one that was probably meant or all there are", () => {
    expect(faultOf({ tablename: "t" })).toBe(
      'Unknown option "tablename" for TableTracer; did you mean "tableName"?',
    );
    expect(faultOf({ tableName: "t", ttlSecond: 5 })).toContain('did you mean "ttlSeconds"?');
    expect(faultOf({ tableName: "t", bananas: 5 })).toContain("it takes tableName, ttlSeconds, ratio");
    expect(faultOf({ tableName: "t", constructor: 5, toString: 5 })).toContain(
      'Unknown option "constructor"',
    );
    expect(faultOf(JSON.parse('{ "__proto__": 1 }'))).toContain('Unknown option "__proto__"');
  });

  it("that are no object are refused", () => {
    expect(faultOf("t")).toBe('TableTracer takes an object of options, not "t".');
    expect(faultOf(null)).toBe("TableTracer takes an object of options, not null.");
    expect(faultOf(undefined)).toContain("takes an object of options");
    expect(faultOf(() => 1)).toContain("takes an object of options");
  });

  it("of a tracer are checked when it is made", () => {
    const made = (options: object) => (): unknown => Reflect.construct(InMemoryTracer, [options]);
    expect(made({ memorySize: -1 })).toThrow(
      'Option "memorySize" of InMemoryTracer must be a whole number of at least 0, not -1.',
    );
    expect(made({ memorysize: 5 })).toThrow('did you mean "memorySize"?');
    expect(made({ onError: "log" })).toThrow(
      'Option "onError" of InMemoryTracer must be a function, not "log".',
    );
    expect(made({ memorySize: 0 })).not.toThrow();
    expect(made({ maxSpans: -1 })).toThrow(
      'Option "maxSpans" of InMemoryTracer must be a whole number of at least 0, not -1.',
    );
  });

  it("that are the toolkit's names do as ours do; both at once are refused", () => {
    for (const options of [{ maxSpans: 2 }, { memorySize: 2 }]) {
      const tracer = new InMemoryTracer(options);
      for (const name of ["a", "b", "c"]) tracer.startSpan(name).end();
      expect(tracer.getTraces().map(({ spanName }) => spanName)).toEqual(["b", "c"]);
    }
    expect(() => new InMemoryTracer({ maxSpans: 2, memorySize: 2 })).toThrow(
      'InMemoryTracer takes "maxSpans", or "memorySize", which is another name for it, not both.',
    );
  });
});

describe("the name that was probably meant", () => {
  it("is the nearest one, in whatever case", () => {
    expect(closest("TRACEID", ["traceId", "spanName"])).toBe("traceId");
    expect(closest("spanname", ["traceId", "spanName"])).toBe("spanName");
    expect(closest("statsu", ["status", "since"])).toBe("status");
  });

  it("is none where nothing is near", () => {
    expect(closest("bananas", ["traceId", "spanName"])).toBeUndefined();
    expect(closest("", ["traceId"])).toBeUndefined();
    expect(closest("x".repeat(1_000_000), ["traceId"])).toBeUndefined();
  });

  it("is always one of the candidates, and a candidate is its own nearest", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 12 }),
        fc.array(fc.string({ maxLength: 12 })),
        (word, candidates) => {
          const found = closest(word, candidates);
          expect(found === undefined || candidates.includes(found)).toBe(true);
          expect(closest(word, [...candidates, word])?.toLowerCase()).toBe(word.toLowerCase());
        },
      ),
    );
  });
});

describe("what was thrown in another realm, as Node's own errors are in a test of Jest", () => {
  it("has its message and its code", () => {
    const error: unknown = runInNewContext('Object.assign(new Error("no such file"), { code: "ENOENT" })');
    expect(error).not.toBeInstanceOf(Error);
    expect([messageOf(error), errorCode(error)]).toEqual(["no such file", "ENOENT"]);
  });
});

describe("the message of what was thrown", () => {
  it("is there for anything that can be thrown", () => {
    const speechless = Object.defineProperty(new Error(), "message", {
      get: () => {
        throw new Error();
      },
    });
    expect(messageOf(new Error("text"))).toBe("text");
    expect(messageOf({ message: "text" })).toBe("text");
    expect(messageOf("text")).toBe("text");
    expect(messageOf(Symbol("s"))).toBe("Symbol(s)");
    expect(messageOf(Object.assign(new Error(), { message: Symbol("s") }))).toBe("Symbol(s)");
    expect(messageOf(speechless)).toBe("an error that cannot be shown");
    expect(messageOf(Object.create(null))).toBe("an error that cannot be shown");
  });
});

/** Units and bounds are said in one way, whosever the option is. These names of others stay as they are. */
const NAMES_OF_OTHERS = new Set([
  ...["memorySize", "maxLength", "maxLines"], // the Python toolkit's
  ...["ttlSeconds"], // the unit of DynamoDB's TTL
]);

it("options say their unit at the end and a bound at the beginning, each in one way", () => {
  const root = new URL("../../docs/", import.meta.url);
  const pages = readdirSync(root).filter((name) => name.endsWith(".md"));
  const rows = pages.flatMap(
    (name) => readFileSync(new URL(name, root), "utf8").match(/^\| `\w+` \|/gm) ?? [],
  );
  const names = [...new Set(rows.map((row) => row.slice(3, -3)))].filter(
    (name) => !NAMES_OF_OTHERS.has(name),
  );
  expect(names.length).toBeGreaterThan(50);
  const odd =
    /(Size|Count|Limit|Millis|Milliseconds|Seconds|Time|Timeout|Delay|AtOnce|Shutdown)$|^(?!max).*(Bytes|Spans)$|^(?!max).*Max/;
  expect(names.filter((name) => odd.test(name))).toEqual([]);
});
