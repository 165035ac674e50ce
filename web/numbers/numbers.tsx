// Numbers: six small charts on one time axis, and a table by model, tool, agent or user. A drag on any chart is the range of all.
import type { JSX } from "preact";
import { API, type NumbersJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import {
  compact,
  count,
  counted,
  keptInWords,
  line,
  money,
  share,
  shortModel,
  time,
} from "../app/figures.ts";
import { useChanges } from "../app/live.ts";
import { change, param } from "../app/location.ts";
import { iso } from "../app/moments.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { FilterBar } from "../filter/filter-bar.tsx";
import { ALL_TIMES, RangeMenu } from "../filter/range-menu.tsx";
import { PartProblem } from "../shell/oops.tsx";
import { BarMenu, secondsOf } from "./bar-menu.tsx";
import { Chart, type TimeAxis } from "./chart.tsx";
import { Counting, isCounting } from "./counting.tsx";
import { Rows } from "./rows.tsx";

const DEFAULT_SINCE = "7d";
const GROUPS = ["model", "tool", "agent", "user"] as const;
const BUCKETS = 42;
const REFRESH_MS = 5000;

type Group = (typeof GROUPS)[number];

/** The view. */
export function Numbers(): JSX.Element {
  const by = GROUPS.find((group) => group === param("by")) ?? "model";
  const query = { where: param("q"), since: param("since") || DEFAULT_SINCE, until: param("until") };
  const asked = {
    ...{ ...query, since: query.since === ALL_TIMES ? "" : query.since, by },
    ...{ buckets: BUCKETS, bucket_s: secondsOf(param("bar"), query) },
  };
  const numbers = useResource(JSON.stringify(asked), (signal) =>
    read<NumbersJson>(API.numbers, asked, signal),
  );
  useBusy(numbers.isLoading);
  useChanges(numbers.reload, REFRESH_MS);
  const problem = numbers.problem.value;
  const isBadFilter = problem?.details?.parameter === "where";
  const data = numbers.data.value;
  return (
    <main id="main" class="p-num">
      <h1 class="vh">Numbers</h1>
      <div class="bar">
        <FilterBar
          query={query}
          hint='Filter, e.g. ai.agent.name = "supervisor"'
          problem={isBadFilter ? problem?.details : undefined}
          onApply={(q) => change({ q })}
        />
        <RangeMenu
          {...query}
          onChoose={({ since, until }) =>
            change({ since: since === DEFAULT_SINCE ? "" : since, until, bar: "" })
          }
        />
        {data !== undefined && <BarMenu series={data.series} onChoose={(bar) => change({ bar })} />}
      </div>
      {problem !== undefined &&
        !isBadFilter &&
        (isCounting(problem) ? (
          <Counting problem={problem} again={numbers.reload} />
        ) : (
          <PartProblem what="The numbers" error={problem} again={numbers.reload} />
        ))}
      {data !== undefined && <Charts numbers={data} />}
      <div class="dh">
        <Groups by={by} />
        <span class="grow" />
        {data !== undefined && <Estimated numbers={data} />}
        {data !== undefined && <Unpriced numbers={data} />}
      </div>
      {data !== undefined && <Rows numbers={data} />}
    </main>
  );
}

function Groups({ by }: { readonly by: Group }): JSX.Element {
  return (
    <span class="seg" role="group" aria-label="By">
      {GROUPS.map((group) => (
        <button
          key={group}
          type="button"
          aria-pressed={group === by}
          onClick={() => change({ by: group === "model" ? "" : group })}
        >
          By {group}
        </button>
      ))}
    </span>
  );
}

/** Where only a share of the traces was kept, all figures stand for more than there is. */
function Estimated({ numbers }: { readonly numbers: NumbersJson }): JSX.Element | null {
  const { kept, spans } = numbers.total;
  if (kept === null) return null;
  return (
    <span class="soft">
      Estimates: about {counted(spans, "span")}, {keptInWords(kept.spans, spans)}
    </span>
  );
}

function Unpriced({ numbers }: { readonly numbers: NumbersJson }): JSX.Element | null {
  const { unpriced_calls: calls } = numbers.total;
  if (calls === 0) return null;
  return (
    <span class="soft">
      {calls === 1
        ? "1 call has no price, and is not in the sums"
        : `${count(calls)} calls have no price, and are not in the sums`}
    </span>
  );
}

function Charts({ numbers }: { readonly numbers: NumbersJson }): JSX.Element {
  const { series, total } = numbers;
  const axis: TimeAxis = {
    since: Date.parse(series.since),
    bucketMs: series.bucket_ms,
    buckets: series.model_calls.length,
  };
  const calls = total.model_calls + total.tool_calls;
  const shared = {
    axis,
    onRange: (from: number, to: number) => change({ since: whole(from), until: whole(to), bar: "" }),
  };
  const input = series.input_tokens.map((tokens, i) => tokens - (series.cached_read_tokens[i] ?? 0));
  return (
    <div class="charts">
      <Chart
        {...shared}
        name="Calls"
        figure={count(calls)}
        type="bars"
        unit={(n) => count(Math.round(n))}
        series={[
          { class: "f-model", label: "model", figure: count(total.model_calls), values: series.model_calls },
          { class: "f-tool", label: "tool", figure: count(total.tool_calls), values: series.tool_calls },
        ]}
      />
      <Chart
        {...shared}
        name="Errors"
        figure={count(total.errors)}
        {...(calls > 0 && total.errors > 0 && { note: `${share(total.errors / calls)} of calls` })}
        type="bars"
        unit={(n) => count(Math.round(n))}
        series={[{ class: "f-err", label: "spans", figure: count(total.errors), values: series.errors }]}
      />
      <Chart
        {...shared}
        name="Time of model calls"
        figure={time(total.p50_ms)}
        {...(total.p50_ms !== null && { note: "p50" })}
        type="lines"
        unit={time}
        series={[
          { class: "l-p95", label: "p95", figure: time(total.p95_ms), values: series.p95_ms },
          { class: "l-p50", label: "p50", figure: time(total.p50_ms), values: series.p50_ms },
        ]}
      />
      <Chart
        {...shared}
        name="Tokens"
        figure={`${compact(total.input_tokens)} → ${compact(total.output_tokens)}`}
        type="bars"
        unit={(n) => compact(Math.round(n))}
        series={[
          {
            class: "f-cached",
            label: "in, cached",
            figure: compact(total.cached_read_tokens),
            values: series.cached_read_tokens,
          },
          {
            class: "f-in",
            label: "in",
            figure: compact(total.input_tokens - total.cached_read_tokens),
            values: input,
          },
          {
            class: "f-out",
            label: "out",
            figure: compact(total.output_tokens),
            values: series.output_tokens,
          },
        ]}
      />
      <Chart
        {...shared}
        name="Cost"
        figure={total.cost_usd === null ? "no price" : money(total.cost_usd, "sum")}
        type="bars"
        unit={(n) => money(n, "sum")}
        series={costs(numbers)}
      />
      <Chart
        {...shared}
        name="Cost a turn"
        figure={costATurn(numbers)}
        note="on average"
        type="lines"
        unit={(n) => money(n)}
        series={[
          {
            class: "l-p50",
            label: "average",
            figure: costATurn(numbers),
            values: series.cost_usd.map((cost, i) => ratio(cost, series.turns[i])),
          },
        ]}
      />
    </div>
  );
}

function costs({ series }: NumbersJson) {
  const shown = series.cost_by_model.slice(0, COST_COLORS.length);
  return shown.map(({ name, cost_usd }, i) => ({
    class: COST_COLORS[i] ?? "",
    label: line(shortModel(name)),
    figure: money(sum(cost_usd), "sum"),
    values: cost_usd,
  }));
}

const COST_COLORS = ["f-s1", "f-s2", "f-s3"];

function costATurn({ series, total }: NumbersJson): string {
  return money(ratio(total.cost_usd, sum(series.turns)));
}

function ratio(cost: number | null, turns: number | undefined): number | null {
  return cost === null || !turns ? null : cost / turns;
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((all, value) => all + (value ?? 0), 0);
}

function whole(at: number): string {
  return iso(Math.round(at / 1000) * 1000);
}
