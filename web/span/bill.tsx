// What a call used and what that cost, part by part; its tokens alone where no price is known.
import type { ComponentChildren, JSX } from "preact";
import type { BillLineJson, SpanJson } from "../../src/viewer/api.ts";
import { count, money } from "../app/figures.ts";
import { SetPrice } from "../parts/set-price.tsx";

/** Tokens and cost. */
export function Bill({
  lines,
  total,
  children,
}: {
  readonly lines: readonly BillLineJson[];
  readonly total: number | null;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const tokens = lines.reduce((sum, line) => sum + (line.part === "call" ? 0 : line.tokens), 0);
  return (
    <section class="sec">
      <h2>Tokens and cost</h2>
      <table class="leg cost">
        <thead>
          <tr>
            <th scope="col">part</th>
            <th scope="col" class="num">
              tokens
            </th>
            <th scope="col" class="num">
              $ a million
            </th>
            <th scope="col" class="num">
              cost
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.part}>
              <td>{PARTS[line.part] ?? line.part}</td>
              <td class="num">{line.part === "call" ? "" : count(line.tokens)}</td>
              <td class="num mute">{line.part === "call" ? "" : line.price_usd.toFixed(2)}</td>
              <td class="num">{money(line.cost_usd, "detail")}</td>
            </tr>
          ))}
          <tr class="sum">
            <td>in all</td>
            <td class="num">{count(tokens)}</td>
            <td />
            <td class="num">{money(total, "detail")}</td>
          </tr>
        </tbody>
      </table>
      {children}
    </section>
  );
}

/** Tokens of a call without a price. */
export function Usage(props: {
  readonly span: SpanJson;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const { span } = props;
  const usage = Object.entries(span.reading.usage ?? {});
  return (
    <section class="sec">
      <h2>
        Tokens <span class="mute">no price</span>{" "}
        {span.reading.model !== null && <SetPrice model={span.reading.model} />}
      </h2>
      <table class="leg cost">
        <tbody>
          {usage.map(([part, tokens]) => (
            <tr key={part}>
              <td>{PARTS[part] ?? part}</td>
              <td class="num">{count(tokens)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {props.children}
    </section>
  );
}

const PARTS: Readonly<Record<string, string>> = {
  ...{ input: "input", cached_read: "cache read", cached_write: "cache write" },
  ...{ input_audio: "sound in", input_image: "images in", output: "output", reasoning: "reasoning" },
  ...{ output_audio: "sound out", output_image: "images out", call: "the call" },
};
