// All attributes of a span, of its resource and scope, its events and links: names beside values, each opened where it is large.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { bounded, compact, count } from "../app/figures.ts";
import { largeIn } from "../value/large.ts";
import { type OfSpan, Value } from "../value/value.tsx";

/** Longer values are told by their size, and opened by a press. */
const SHOWN_CHARACTERS = 160;

/** The tab of attributes. */
export function Attributes({ record, of }: { readonly record: unknown; readonly of: OfSpan }): JSX.Element {
  const fields = fieldsOf(record);
  return (
    <>
      <Section title="" fields={fieldsOf(fields["attributes"])} of={of} />
      {listIn(fields["events"]).map((event, i) => (
        <Section
          key={`event ${i}`}
          title={`Event: ${String(fieldsOf(event)["name"] ?? "")}`}
          fields={fieldsOf(fieldsOf(event)["attributes"])}
          of={of}
        />
      ))}
      {listIn(fields["links"]).map((link, i) => (
        <Section key={`link ${i}`} title="Link" fields={fieldsOf(link)} of={of} />
      ))}
      <Section title="Resource" fields={fieldsOf(fields["resource_attributes"])} of={of} />
      <Section title="Scope" fields={fieldsOf(fields["scope"])} of={of} />
    </>
  );
}

function Section(props: {
  readonly title: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly of: OfSpan;
}): JSX.Element | null {
  const entries = Object.entries(props.fields);
  if (entries.length === 0) return null;
  return (
    <section class="sec">
      {props.title !== "" && <h2>{props.title}</h2>}
      <table class="at">
        <tbody>
          {entries.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{broken(name)}</th>
              <Cell value={value} of={props.of} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A name that is too long for its column breaks behind a dot. */
function broken(name: string): (string | JSX.Element)[] {
  return name.split(/(?<=\.)/).flatMap((part, i) => (i === 0 ? [part] : [<wbr key={i} />, part]));
}

function Cell({ value, of }: { readonly value: unknown; readonly of: OfSpan }): JSX.Element {
  const isOpen = useSignal(false);
  const large = largeIn(value);
  const text = large === undefined ? (JSON.stringify(value) ?? "") : large.beginning;
  const isShort = large === undefined && text.length <= SHOWN_CHARACTERS;
  if (isShort) {
    const kind = typeof value === "string" ? "js" : typeof value === "number" ? "jn" : "";
    return <td class={kind}>{text}</td>;
  }
  if (isOpen.value) {
    return (
      <td>
        <Value value={value} of={of} />
      </td>
    );
  }
  return (
    <td class="mute">
      <button
        type="button"
        class="morel"
        aria-expanded={false}
        onClick={() => {
          isOpen.value = true;
        }}
      >
        {sizeOf(value, large?.size ?? text.length)}
      </button>{" "}
      {typeof value === "string" || large?.type === "text" ? bounded(text, 60) : ""}
    </td>
  );
}

function sizeOf(value: unknown, characters: number): string {
  const size = `${compact(characters)} characters`;
  if (Array.isArray(value)) return `${count(value.length)} items, ${size}`;
  return typeof value === "object" && largeIn(value) === undefined ? `object, ${size}` : size;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
