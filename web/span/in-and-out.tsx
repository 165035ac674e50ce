// What went in and what came out, as text, as Markdown or as JSON.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ReadingJson } from "../../src/viewer/api.ts";
import { largeIn } from "../value/large.ts";
import { Markdown } from "../value/markdown.tsx";
import { Json, type OfSpan, Text, Value } from "../value/value.tsx";

const FORMS = ["Text", "Markdown", "JSON"] as const;
type Form = (typeof FORMS)[number];

/** The tab of input and output. */
export function InAndOut({
  reading,
  of,
}: {
  readonly reading: ReadingJson;
  readonly of: OfSpan;
}): JSX.Element {
  return (
    <>
      {reading.input !== null && <Shown title="Input" value={reading.input} of={of} />}
      {reading.output !== null && <Shown title="Output" value={reading.output} of={of} />}
    </>
  );
}

function Shown(props: { readonly title: string; readonly value: unknown; readonly of: OfSpan }): JSX.Element {
  const { value, of } = props;
  const form = useSignal<Form>(typeof value === "string" ? "Text" : "JSON");
  return (
    <section class="sec">
      <h2>{props.title}</h2>
      {largeIn(value) === undefined && (
        <div class="fmt seg sm" role="group" aria-label={`${props.title} as`}>
          {FORMS.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === form.value}
              onClick={() => {
                form.value = one;
              }}
            >
              {one}
            </button>
          ))}
        </div>
      )}
      <As form={form.value} value={value} of={of} />
    </section>
  );
}

function As({
  form,
  value,
  of,
}: {
  readonly form: Form;
  readonly value: unknown;
  readonly of: OfSpan;
}): JSX.Element | null {
  if (largeIn(value) !== undefined) return <Value value={value} of={of} />;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  if (form === "Markdown") return <Markdown text={text} />;
  if (form === "Text") return <Text text={text} />;
  return <Json value={parsed(value)} of={of} isWhole />;
}

/** JSON in a text is shown as JSON. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
