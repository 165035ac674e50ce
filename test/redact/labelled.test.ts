// What the built-in rules find in texts made by hand: 200 that have something to hide («in these»), and 200 that only look so.
import { readFileSync } from "node:fs";
import { InMemoryTracer } from "tracelight";
import { redact } from "tracelight/redact";
import { expect, it } from "vitest";

/** Stands within keys, so that nobody's scanner takes this file for a leak. */
const BREAK = "¦";

function lines(name: string): string[] {
  const text = readFileSync(new URL(name, import.meta.url), "utf8");
  return text
    .replaceAll(BREAK, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("\\n", "\n"));
}

const tracer = new InMemoryTracer({ process: redact({ names: false }) });

function redacted(text: string): unknown {
  const id = tracer.trace("work", (span) => span.addAttribute("text", text).spanId);
  return tracer.getTraces().find(({ spanId }) => spanId === id)?.attributes["text"];
}

/** The text with a blank label in the place of each label. */
function blank(text: unknown): string {
  return String(text).replace(/\[[A-Z_]+\]/g, "[]");
}

it("at least 98 % of what is to be found is found, whole and nothing but", () => {
  const texts = lines("with.txt");
  const missed = texts.filter(
    (line) => blank(redacted(line.replace(/[«»]/g, ""))) !== blank(line.replace(/«[^»]*»/g, "[]")),
  );
  expect(texts.length).toBe(200);
  expect(
    missed.length / texts.length,
    missed.map((line) => `${line} -> ${redacted(line.replace(/[«»]/g, ""))}`).join("\n"),
  ).toBeLessThanOrEqual(0.02);
});

it("at most 1 % of what only looks like it is found", () => {
  const texts = lines("without.txt");
  const wrong = texts.filter((line) => redacted(line) !== line);
  expect(texts.length).toBe(200);
  expect(
    wrong.length / texts.length,
    wrong.map((line) => `${line} -> ${redacted(line)}`).join("\n"),
  ).toBeLessThanOrEqual(0.01);
});
