// A trace or a conversation as Markdown, for issues and reviews: turns, messages, tools with what went in and came out, sub-agents, errors.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import { toolName } from "../conventions/facts.ts";
import type { KnownSpan } from "../conventions/once.ts";
import type { Summary } from "../conventions/summary.ts";
import {
  sayerOf,
  type ToldAgent,
  type ToldCall,
  type ToldEntry,
  type ToldMishap,
  type ToldTool,
} from "../conventions/told.ts";
import { isSaid } from "../conventions/turns.ts";
import { idText } from "../model/conversation.ts";
import { failureOf } from "../model/failure.ts";
import {
  cost,
  costInWords,
  counted,
  dollars,
  duration,
  timestamp,
  tokens,
  tokensInWords,
} from "../render/figures.ts";
import { codeBlock, inlineCode } from "./markdown-text.ts";
import type { ExportedTurn, Subject } from "./subject.ts";

/** How Markdown is made. */
export interface MarkdownOptions {
  /** Characters of a value that are shown. Default 4000; Infinity cuts nothing. */
  readonly maxLength?: number;
}

/** The lines of the document, turn by turn. */
export async function* markdownLines(
  subject: Subject,
  options: MarkdownOptions = {},
): AsyncGenerator<string> {
  const page = new Page(subject, options);
  yield* headingOf(subject);
  for await (const turn of subject.turns()) {
    yield* paragraph(turnHeading(turn));
    yield* page.turn(turn);
  }
  if (page.cuts > 0) yield* paragraph(`*${counted(page.cuts, "value")} cut; \`--full\` writes them whole.*`);
}

function* headingOf({ id, summary }: Subject): Iterable<string> {
  yield `# ${id.by === "trace" ? "Trace" : "Conversation"} ${inlineCode(idText(id.id))}`;
  const { agent, user, startedAt, durationMs, spans, errors, aborted, state } = summary;
  yield* paragraph(
    facts([
      agent === undefined ? "" : inlineCode(agent),
      user === undefined ? "" : inlineCode(user),
      timestamp(startedAt),
      duration(durationMs),
      counted(spans, "span"),
      errors === 0 ? "" : counted(errors, "error"),
      aborted === 0 ? "" : "aborted",
      state === "ended" ? "" : state,
      tokensInWords(summary),
      costInWords(summary),
    ]),
  );
}

function turnHeading({ number, summary }: ExportedTurn): string {
  const { startedAt, durationMs, state } = summary;
  return `## ${facts([
    `${number}`,
    timestamp(startedAt),
    state === "ended" ? duration(durationMs) : state,
    used(summary),
    `trace ${inlineCode(String(summary.id))}`,
  ])}`;
}

function used(summary: Summary): string {
  return facts([tokens(summary.inputTokens, summary.outputTokens), cost(summary)]);
}

function facts(list: readonly string[]): string {
  return list.filter((fact) => fact !== "").join(" · ");
}

function* paragraph(text: string): Iterable<string> {
  yield "";
  yield text;
}

/** What was said and done, as lines. */
class Page {
  /** How many values were cut. */
  cuts = 0;
  readonly #maxLength: number;
  readonly #prices: PriceTable | undefined;

  constructor({ prices }: Subject, { maxLength = MAX_LENGTH }: MarkdownOptions) {
    this.#maxLength = maxLength;
    this.#prices = prices;
  }

  *turn({ told: { head, asked, entries, answered } }: ExportedTurn): Iterable<string> {
    yield* this.#said("**User**", asked);
    for (const entry of entries) yield* this.#entry(entry);
    yield* this.#said("**Assistant**", answered);
    if (head !== undefined) yield* this.#mishap(head);
  }

  *#entry(entry: ToldEntry): Iterable<string> {
    if (entry.type === "call") yield* this.#call(entry);
    else if (entry.type === "tool") yield* this.#tool(entry);
    else if (entry.type === "agent") yield* this.#agent(entry);
    else yield* this.#failedSpan(entry);
  }

  *#call({ one, words }: ToldCall): Iterable<string> {
    const { facts: known, reading, span } = one;
    const price = costOfCall({ facts: known, span }, this.#prices);
    const title = facts([
      "**Assistant**",
      known.model === undefined ? "" : inlineCode(known.model),
      timeOf(one),
      tokens(known.inputTokens ?? 0, known.outputTokens ?? 0),
      price === undefined ? "" : dollars(price),
    ]);
    const thoughts = (reading.outputMessages[0]?.parts ?? []).flatMap((part) =>
      part.type === "reasoning" ? [part.text] : [],
    );
    yield* paragraph(title);
    yield* this.#labelled("Reasoning:", thoughts.join("\n"), true);
    if (words !== undefined) yield* this.#block(words.value, true);
    yield* this.#mishap(one);
  }

  *#tool({ one, call, thread }: ToldTool): Iterable<string> {
    yield* paragraph(facts([`**Tool** ${inlineCode(toolName(one.reading, one.span))}`, timeOf(one)]));
    yield* this.#labelled("In:", toolValue(sayerOf(call, "input") ?? one, "arguments"));
    yield* this.#thread(thread);
    yield* this.#labelled("Out:", toolValue(sayerOf(call, "output") ?? one, "result"));
    yield* this.#mishap(one);
  }

  *#agent({ one, thread }: ToldAgent): Iterable<string> {
    const { reading, span } = one;
    yield* paragraph(facts([`**Agent** ${inlineCode(reading.agent ?? span.spanName)}`, timeOf(one)]));
    yield* this.#labelled("In:", reading.input, true);
    yield* this.#thread(thread);
    yield* this.#labelled("Out:", reading.output, true);
    yield* this.#mishap(one);
  }

  /** What was done for another stands in a quotation, as deep as it lies. */
  *#thread(thread: readonly ToldEntry[]): Iterable<string> {
    let isFirst = true;
    for (const entry of thread) {
      for (const line of this.#entry(entry)) {
        if (!isFirst || line !== "") yield line === "" ? ">" : `> ${line}`;
        else yield "";
        isFirst = false;
      }
    }
  }

  *#failedSpan({ one }: ToldMishap): Iterable<string> {
    yield* paragraph(facts([inlineCode(one.span.spanName), timeOf(one)]));
    yield* this.#mishap(one);
  }

  *#mishap({ span, reading }: KnownSpan): Iterable<string> {
    yield* this.#labelled("**Failed:**", failureOf(span));
    if (reading.aborted) yield* paragraph("**Aborted**");
  }

  *#said(title: string, value: unknown): Iterable<string> {
    yield* this.#labelled(title, value, true);
  }

  *#labelled(label: string, value: unknown, isProse: boolean = false): Iterable<string> {
    if (!isSaid(value)) return;
    yield* paragraph(label);
    yield* this.#block(value, isProse);
  }

  *#block(value: unknown, isProse: boolean): Iterable<string> {
    const { lines, isCut } = codeBlock(value, { maxLength: this.#maxLength, isProse });
    if (isCut) this.cuts++;
    yield "";
    yield* lines;
  }
}

/** Of a tool what was parsed, else what went in and came out. */
function toolValue({ reading }: KnownSpan, what: "arguments" | "result"): unknown {
  if (reading.tool !== undefined) return reading.tool[what];
  return what === "arguments" ? reading.input : reading.output;
}

function timeOf({ span: { startedAtMicros, endedAtMicros, state } }: KnownSpan): string {
  return endedAtMicros === undefined ? state : duration((endedAtMicros - startedAtMicros) / 1000);
}

/** Characters of a value, unless told. */
const MAX_LENGTH = 4000;
