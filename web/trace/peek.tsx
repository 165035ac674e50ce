// What a narrow window shows of a span before its sheet is opened.
import type { JSX } from "preact";
import { compact, line, money, shortModel, time } from "../app/figures.ts";
import { Kind } from "../parts/icon.tsx";
import { SHOWN_KINDS } from "./kinds.ts";
import { labelAt, type TraceModel } from "./model.ts";

/** A span in a line. */
export function Peek({ model, span }: { readonly model: TraceModel; readonly span: number }): JSX.Element {
  const kind = SHOWN_KINDS[model.kind[span] ?? 0] ?? "other";
  const [input = 0, output = 0, cost = 0] = [
    ...[model.inputTokens[span], model.outputTokens[span]],
    model.costUsd[span],
  ];
  return (
    <>
      <Kind name={kind} />
      <b class="cut">{line(kind === "model" ? shortModel(labelAt(model, span)) : labelAt(model, span))}</b>
      <span class="soft">{time((model.end[span] ?? 0) - (model.start[span] ?? 0))}</span>
      {input + output > 0 && (
        <span class="soft">
          {compact(input)} → {compact(output)}
        </span>
      )}
      {cost > 0 && <span class="soft">{money(cost)}</span>}
    </>
  );
}
