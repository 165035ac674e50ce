// The figures of both, side by side, and the change from the first to the second.
import type { JSX } from "preact";
import type { CompareJson } from "../../src/viewer/api.ts";
import { count, money, share, time } from "../app/figures.ts";

/** A figure of both. */
interface Measure {
  readonly name: string;
  readonly a: number | null;
  readonly b: number | null;
  readonly show: (n: number) => string;
}

/** The strip. What neither has is left out. */
export function Strip({ data }: { readonly data: CompareJson }): JSX.Element {
  const measures = measuresOf(data).filter(({ a, b }) => a !== null || b !== null);
  return (
    <dl class="strip">
      {measures.map((measure) => (
        <One key={measure.name} {...measure} />
      ))}
    </dl>
  );
}

function One({ name, a, b, show }: Measure): JSX.Element {
  const most = Math.max(a ?? 0, b ?? 0) || 1;
  return (
    <div class="dc">
      <dt>{name}</dt>
      {[a, b].map((value, i) => (
        <dd key={i}>
          <span class="side-name">{i === 0 ? "A" : "B"}</span>
          <i class={i === 0 ? "" : "b"} style={{ "--w": `${(((value ?? 0) / most) * 100).toFixed(1)}%` }} />
          <span class={`num ${i === 0 ? "mute" : ""}`.trim()}>{value === null ? "—" : show(value)}</span>
        </dd>
      ))}
      <dd class="rel">{a === null || b === null ? "\u00a0" : changed(a, b, show)}</dd>
    </div>
  );
}

/** `+75 %`, `−27 %`, from twice on `2.3×`. */
function changed(a: number, b: number, show: (n: number) => string): string {
  if (a === b) return "same";
  if (a === 0) return `+${show(b)}`;
  if (b / a >= 1.995) return `${(b / a).toFixed(1)}×`;
  return `${b > a ? "+" : "−"}${share(Math.abs(b / a - 1))}`;
}

function measuresOf(data: CompareJson): Measure[] {
  const dollars = (n: number): string => money(n, "detail");
  if (data.kind === "calls") {
    const { a, b } = data;
    return [
      { name: "time", a: a.duration_ms, b: b.duration_ms, show: time },
      { name: "first token", a: a.first_token_ms, b: b.first_token_ms, show: time },
      { name: "tokens in", a: a.input_tokens, b: b.input_tokens, show: count },
      { name: "of them cached", a: a.cached_read_tokens, b: b.cached_read_tokens, show: count },
      { name: "tokens out", a: a.output_tokens, b: b.output_tokens, show: count },
      { name: "cost", a: a.cost_usd, b: b.cost_usd, show: dollars },
    ];
  }
  const { a, b } = data;
  return [
    { name: "time", a: a.duration_ms, b: b.duration_ms, show: time },
    { name: "model calls", a: a.model_calls, b: b.model_calls, show: count },
    { name: "tool calls", a: a.tool_calls, b: b.tool_calls, show: count },
    { name: "tokens in", a: a.input_tokens, b: b.input_tokens, show: count },
    { name: "tokens out", a: a.output_tokens, b: b.output_tokens, show: count },
    { name: "cost", a: a.cost_usd, b: b.cost_usd, show: dollars },
    { name: "errors", a: a.errors, b: b.errors, show: count },
  ];
}
