// The help of the commands, laid out for the width of the terminal: what stands beside one another goes below where there is no room.
import type { Command } from "commander";
import { wrapped } from "../render/wrap.ts";

/** Something that can be typed, and what that is or does. */
export type Item = readonly [text: string, does: string];

const INDENT = "  ";
const GAP = "  ";
/** Columns of an explanation; with fewer it goes below. */
const MIN_BESIDE = 24;
const BELOW = "      ";
const DEFAULT_WIDTH = 80;

/** Examples at the end of a command's help. */
export function addExamples(command: Command, examples: readonly Item[]): Command {
  return command.addHelpText("after", () =>
    ["", "Examples:", ...items(examples, widthOf(command))].join("\n"),
  );
}

/** What all commands have in common, at the end of the help of all. */
export function addRootHelp(program: Command): Command {
  return program.addHelpText("after", () => {
    const width = widthOf(program);
    const lines = [
      ...paragraph("The last argument names the store, in every command that reads or writes one:", width),
      ...items(STORES, width),
      ...paragraph("Without it: the environment variable TRACELIGHT_STORE, else ./traces.db.", width),
      "",
      ...paragraph(EXIT_CODES, width),
    ];
    return ["", ...lines].join("\n");
  });
}

function widthOf(command: Command): number {
  return command.configureOutput().getOutHelpWidth?.() ?? DEFAULT_WIDTH;
}

function items(list: readonly Item[], width: number): string[] {
  const widest = Math.max(...list.map(([text]) => text.length));
  const left = INDENT.length + widest + GAP.length;
  if (width - left < MIN_BESIDE) return list.flatMap((item) => itemBelow(item, width));
  return list.flatMap(([text, does]) =>
    paragraph(does, width - left).map((line, i) =>
      i === 0 ? INDENT + text.padEnd(widest) + GAP + line : " ".repeat(left) + line,
    ),
  );
}

function itemBelow([text, does]: Item, width: number): string[] {
  const below = paragraph(does, width - BELOW.length).map((line) => BELOW + line);
  return [...typed(text, width), ...below];
}

function paragraph(text: string, width: number): string[] {
  return wrapped(text, { width, maxLines: Number.POSITIVE_INFINITY });
}

/** What is typed stays one line for the shell: broken at a space that is not in quotes. */
function typed(text: string, width: number): string[] {
  if (INDENT.length + text.length <= width) return [INDENT + text];
  const end = width - INDENT.length - CONTINUED.length;
  const at = spacesOf(text).findLast((space) => space <= end);
  if (at === undefined) return [INDENT + text];
  return [INDENT + text.slice(0, at) + CONTINUED, ...typed(`  ${text.slice(at + 1)}`, width)];
}

function spacesOf(text: string): number[] {
  const spaces = [...text.matchAll(/'[^']*'|(?<=\S) /g)];
  return spaces.filter(([match]) => match === " ").map(({ index }) => index);
}

const CONTINUED = " \\";

const STORES: readonly Item[] = [
  ["traces.db", "an SQLite file, known by its content whatever its name"],
  ["app.jsonl", "a file of records, log lines or OTLP/JSON, one JSON object a line"],
  ["-", "the same from standard input"],
  ["dynamodb:Table", "a DynamoDB table; dynamodb:Table?region=…&endpoint=…"],
];

const EXIT_CODES = "Exit codes: 0 done, 1 nothing found, 2 wrong usage, 3 the store cannot be used.";
