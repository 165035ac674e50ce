// A run of what is the same in two calls: one line, that opens to what stands in it.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { CallRowJson, ComparedCallJson } from "../../src/viewer/api.ts";
import { count, counted, line } from "../app/figures.ts";
import { traceUrl } from "../app/location.ts";
import { glyphOfPiece, wordsOf } from "../context/shares.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Sign } from "./signs.tsx";

/** The line, and what it holds while it is open. */
export function Same(props: { readonly row: CallRowJson; readonly call: ComparedCallJson }): JSX.Element {
  const { section, pieces, tokens, list } = props.row;
  const isOpen = useSignal(false);
  return (
    <>
      <button
        type="button"
        class={`fold ${section === "messages" ? "" : "one"}`.trim()}
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Sign of="same" />
        {section === "messages" ? (
          `${sameWords(section, pieces)}, ${count(tokens)} tokens`
        ) : (
          <>
            <Kind name={section === "tools" ? "tool" : section === "answer" ? "model" : "other"} />
            <b>{sameWords(section, pieces)}</b> same
          </>
        )}
        <Icon name="chev" class="chev" />
        <span class="grow" />
        {section !== "messages" && <span class="num">{count(tokens)} tokens</span>}
      </button>
      {isOpen.value && (
        <ul class="sames" aria-label={sameWords(section, pieces)}>
          {list.map((piece, i) => (
            <li key={i}>
              {i === list.length / 2 && pieces > list.length && (
                <p class="mute note">
                  {count(pieces - list.length)} more between them.{" "}
                  <a
                    class="link"
                    href={traceUrl(props.call.trace_id, { span: props.call.span_id, tab: "messages" })}
                  >
                    Open the call
                  </a>
                </p>
              )}
              <Kind name={section === "answer" ? "model" : glyphOfPiece(piece)} />
              <b class="cut">{section === "answer" ? "answer" : line(wordsOf(piece))}</b>
              <span class="soft cut">{line(piece.glance ?? "")}</span>
              <span class="mute num">{counted(piece.tokens, "token")}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function sameWords(section: CallRowJson["section"], pieces: number): string {
  switch (section) {
    case "tools":
      return `${counted(pieces, "tool")} offered`;
    case "system":
    case "answer":
      return section;
    case "messages":
      return `${counted(pieces, "message")} the same`;
  }
}
