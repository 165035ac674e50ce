// One of the two: what it is, and the button that chooses another.
import type { JSX } from "preact";
import type { ComparedCallJson, CompareJson, SummaryJson } from "../../src/viewer/api.ts";
import { line, shortModel } from "../app/figures.ts";
import { clock } from "../app/moments.ts";
import { isExported } from "../app/source.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { choosing } from "./choose.tsx";
import type { SideName, Subject } from "./subject.ts";

/** The button. */
export function Pick(props: {
  readonly side: SideName;
  readonly subject: Subject;
  readonly data: CompareJson | undefined;
}): JSX.Element {
  const { side, subject, data } = props;
  const { name, note } = told(subject, data, side);
  const what = (
    <>
      <span class="ab">{side.toUpperCase()}</span>
      {subject.text !== "" && <Kind name={subject.call === undefined ? "turn" : "model"} />}
      <b class="cut">{name}</b>
      <span class="soft cut">{note}</span>
      <span class="grow" />
    </>
  );
  if (isExported) return <p class="pick">{what}</p>;
  return (
    <button
      type="button"
      class="pick"
      aria-haspopup="dialog"
      title={`Choose ${side.toUpperCase()}, ${side}`}
      onClick={() => {
        choosing.value = side;
      }}
    >
      {what}
      <Icon name="down" />
    </button>
  );
}

interface Told {
  readonly name: string;
  readonly note: string;
}

function told(subject: Subject, data: CompareJson | undefined, side: SideName): Told {
  if (subject.text === "") return { name: "Choose", note: "" };
  if (data?.kind === "calls") return ofCall(subject, data[side]);
  if (data?.kind === "steps") return ofRow(subject, data[side]);
  return { name: line(subject.text), note: "" };
}

function ofCall({ call, conversation }: Subject, { model, agent, started_at: at }: ComparedCallJson): Told {
  const notes = [conversation ?? agent, clock(Date.parse(at)), model === null ? null : shortModel(model)];
  return { name: call ? `call ${call}` : "model call", note: joined(notes) };
}

function ofRow({ text, conversation }: Subject, { title, name, started_at: at }: SummaryJson): Told {
  return {
    name: line(title ?? name),
    note: joined([conversation ?? text.slice(0, 8), clock(Date.parse(at))]),
  };
}

function joined(notes: readonly (string | null)[]): string {
  return notes.flatMap((note) => (note === null ? [] : [line(note)])).join(" · ");
}
