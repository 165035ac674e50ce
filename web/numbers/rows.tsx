// Counts by model, tool, agent or user: the same columns in all, but that tools say what went wrong instead of what they used.
import type { JSX } from "preact";
import type { NumbersJson, NumbersRowJson } from "../../src/viewer/api.ts";
import { compact, count, counted, line, money, share, shortModel, time } from "../app/figures.ts";
import type { KindGlyph } from "../parts/glyphs.ts";
import { Kind } from "../parts/icon.tsx";
import { SetPrice } from "../parts/set-price.tsx";
import { Spark } from "./spark.tsx";

const GLYPHS: Readonly<Record<NumbersJson["by"], KindGlyph>> = {
  model: "model",
  tool: "tool",
  agent: "agent",
  user: "user",
};
const CALLED: Readonly<Record<NumbersJson["by"], string>> = {
  ...{ model: "calls", tool: "calls" },
  ...{ agent: "turns", user: "turns" },
};
const WIDTHS = [
  "190px",
  "13%",
  "60px",
  "13%",
  "52px",
  "60px",
  "13%",
  "76px",
  "76px",
  "76px",
  "60px",
  "13%",
  "100px",
];

/** The table of counts. */
export function Rows({ numbers }: { readonly numbers: NumbersJson }): JSX.Element {
  const { by, rows } = numbers;
  return (
    <div class="wide" tabIndex={0} role="group" aria-label={`By ${by}`}>
      <table class="nt">
        <caption class="vh">By {by}</caption>
        <colgroup>
          {WIDTHS.map((width, i) => (
            <col key={i} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            <th>{by}</th>
            <th colSpan={2}>{CALLED[by]}</th>
            <th colSpan={3}>errors</th>
            <th>p95 over time</th>
            <th class="num">p50</th>
            <th class="num">p95</th>
            {by === "tool" ? (
              <th colSpan={4}>most frequent error</th>
            ) : (
              <>
                <th class="num">tokens in</th>
                <th class="num">out</th>
                <th colSpan={2}>cost</th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.name} row={row} by={by} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, by }: { readonly row: NumbersRowJson; readonly by: NumbersJson["by"] }): JSX.Element {
  const color = by === "tool" ? "f-tool" : "f-model";
  return (
    <tr>
      <th scope="row" title={line(row.name)}>
        <Kind name={GLYPHS[by]} />
        <span class={by === "tool" ? "mono" : ""}>
          {line(by === "model" ? shortModel(row.name) : row.name)}
        </span>
      </th>
      <td>
        <Spark values={row.calls_over_time} class={color} type="bars" />
      </td>
      <td class="num">{count(row.calls)}</td>
      <td>
        <Spark values={row.errors_over_time} class="f-err" type="bars" />
      </td>
      <td class="num">{row.errors > 0 && <span class="err">{count(row.errors)}</span>}</td>
      <td class="num mute">{row.errors > 0 && row.calls > 0 && share(row.errors / row.calls)}</td>
      <td>
        <Spark values={row.p95_ms_over_time} class="l-p95" type="line" />
      </td>
      <td class="num">{time(row.p50_ms)}</td>
      <td class="num">{time(row.p95_ms)}</td>
      {by === "tool" ? <TopError row={row} /> : <Used row={row} by={by} />}
    </tr>
  );
}

/** Tools use nothing of a model's themselves: what they say when they fail has the room. */
function TopError({ row }: { readonly row: NumbersRowJson }): JSX.Element {
  const { top_error: top } = row;
  return (
    <td class="why" colSpan={4} title={top === null ? undefined : top.words}>
      {top !== null && (
        <>
          {top.words} {top.count < row.errors && <span class="mute">{count(top.count)}</span>}
        </>
      )}
    </td>
  );
}

function Used({ row, by }: { readonly row: NumbersRowJson; readonly by: NumbersJson["by"] }): JSX.Element {
  return (
    <>
      <td class="num">{row.input_tokens > 0 && compact(row.input_tokens)}</td>
      <td class="num">{row.output_tokens > 0 && compact(row.output_tokens)}</td>
      <td>
        <Spark values={row.cost_usd_over_time} class="f-in" type="bars" />
      </td>
      <td class="num">
        <Cost row={row} by={by} />
      </td>
    </>
  );
}

/** What is not in a sum is said. */
function Cost({
  row,
  by,
}: {
  readonly row: NumbersRowJson;
  readonly by: NumbersJson["by"];
}): JSX.Element | null {
  const unpriced = row.unpriced_calls;
  const without = unpriced > 0 ? `${counted(unpriced, "call")} without a price` : undefined;
  if (row.cost_usd !== null) {
    return (
      <span title={without}>
        {money(row.cost_usd, "sum")}
        {unpriced > 0 && "+"}
      </span>
    );
  }
  if (unpriced === 0) return null;
  return by === "model" ? (
    <SetPrice model={row.name} />
  ) : (
    <span class="mute" title={without}>
      no price
    </span>
  );
}
