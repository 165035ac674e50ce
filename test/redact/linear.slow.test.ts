// No pattern takes more than linear time: a checker looks at each, and hostile lines at all of them together.
import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { InMemoryTracer } from "tracelight";
import { redact } from "tracelight/redact";
import { expect, it } from "vitest";
import { processorMs } from "../processor.ts";
import { IS_FULL, sized } from "../sizes.ts";

const TEXTS = ["with.txt", "without.txt"]
  .flatMap((name) =>
    readFileSync(new URL(name, import.meta.url), "utf8")
      .replaceAll("¦", "")
      .replace(/[«»]/g, "")
      .split("\n"),
  )
  .concat("﹣１ \u200b\u{e0061}&#64;&commat; %40 %zz \\u0040 a。b YWRhQGV4YW1wbGUub3JnYWRhQGV4YW1wbGUub3Jn");

/** The expressions that are looked with while the work is done. */
function expressionsOf(work: () => void): Map<string, RegExp> {
  const { exec } = RegExp.prototype;
  const used = new Set<RegExp>();
  RegExp.prototype.exec = function (text) {
    used.add(this);
    return exec.call(this, text);
  };
  try {
    work();
  } finally {
    RegExp.prototype.exec = exec;
  }
  return new Map([...used].map((one) => [`/${one.source}/${one.flags.replace(/[dgy]/g, "")}`, one]));
}

it("each pattern is safe by a checker of regular expressions", async () => {
  // Without it a Java or native program is looked for.
  process.env["RECHECK_BACKEND"] = "pure";
  const { checkSync } = await import("recheck");
  const tracer = new InMemoryTracer({ process: redact() });
  const patterns = expressionsOf(() => {
    for (const text of TEXTS) {
      const value = { apiKey: "x", text, json: JSON.stringify({ text, n: 1 }) };
      tracer.trace("work", (span) => span.addAttribute("value", value));
      // A running span has looks of its own.
      redact()?.({ ...draft(text), state: "running" });
    }
  });
  // Those of Node itself, for a text that is short.
  for (const known of expressionsOf(() => isIPv6("1::2")).keys()) patterns.delete(known);
  expect(patterns.size).toBeGreaterThan(60);
  for (const [shown, { source, flags }] of patterns) {
    // A class of Unicode is to it as any other.
    const verdict = checkSync(source, flags.replace(/[dgyu]/g, ""), {
      checker: "automaton",
      timeout: 600_000,
    });
    const { status } = verdict;
    const complexity = status === "safe" ? verdict.complexity.type : status;
    expect(["safe", "linear"], `${shown} is ${complexity}`).toContain(complexity);
  }
});

const PARTS = [
  ..."@.:/-+( \"'[]{}\\=&?,%_#«\n\t§0".split(""),
  ...[
    "a",
    "1",
    "12",
    "1234",
    "a@",
    "@a.",
    "://",
    "https://a:",
    "eyJ",
    "eyJaaaaaaaa.",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
  ],
  ...[
    "password=",
    "api_key: ",
    "Bearer ",
    "authorization: ",
    "?token=",
    "AKIA",
    "sk-",
    "ghp_",
    "GB29 ",
    "DE89",
    "+49 ",
    "00",
    "1.1.",
    "::",
    "ffff:",
  ],
  ...[
    '{"a":',
    '["',
    '","',
    '\\"',
    "\\u0061",
    "[EMAIL",
    "[EMAIL]",
    "1 ",
    "1-",
    "(1)",
    "\u00a0",
    "é",
    "xn--",
    "4111 1111 ",
    "nhs ",
  ],
  ...[
    "%40",
    "%25",
    "%C3%A9",
    "&#64;",
    "&commat;",
    "&amp;",
    "\\\\",
    "\\x40",
    "\u200b",
    "\0",
    "４",
    "\u{e0061}",
    "YWRhQGV4YW1w",
  ],
];

it(`lines of ${IS_FULL ? "1 MB" : "some 100 KB"} made to be hard take time in proportion to their length`, () => {
  const process = redact({ names: ["own"] });
  const work = (text: string) => {
    const began = processorMs();
    process?.(draft(text));
    return processorMs() - began;
  };
  const least = (text: string, times: number) => Math.min(...Array.from({ length: times }, () => work(text)));
  const size = sized(1024 * 1024, 192 * 1024);
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 6 }),
      fc.constantFrom("", "{", '{"a":"', "["),
      (parts, before) => {
        const text = (length: number) =>
          before + parts.join("").repeat(Math.ceil(length / parts.join("").length));
        // What takes the square takes 64 times as long; a small text has a floor that noise does not reach.
        const bound = 24 * Math.max(least(text(size / 8), 3), 1);
        const took = least(text(size), 1);
        expect(took <= bound || least(text(size), 4) <= bound, `${took} ms, ${bound} at most`).toBe(true);
      },
    ),
    { numRuns: sized(100, 40) },
  );
});

function draft(text: string): Parameters<NonNullable<ReturnType<typeof redact>>>[0] {
  return {
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    parentSpanId: undefined,
    spanKind: "INTERNAL",
    startedAt: new Date(0),
    endedAt: new Date(0),
    state: "ended",
    spanName: "work",
    spanStatus: "UNSET",
    statusMessage: undefined,
    attributes: { text },
    resourceAttributes: {},
    scope: { name: "test" },
    events: [],
    links: [],
    traceState: undefined,
    otlp: undefined,
  };
}
