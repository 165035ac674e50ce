// A part of a message: words as Markdown, reasoning, calls of tools and their results, images and files.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { API, type MediaJson, type PartJson } from "../../src/viewer/api.ts";
import { apiUrl } from "../app/api.ts";
import { bytes, line } from "../app/figures.ts";
import { imageOf } from "../app/source.ts";
import type { Done } from "../parts/done.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Outcome } from "../parts/outcome.tsx";
import { gistOf } from "../value/pretty.ts";
import { Reasoning } from "../value/reasoning.tsx";
import { type OfSpan, Value } from "../value/value.tsx";
import { Words } from "../value/words.tsx";

/** A part. `done` is how the call went that it asks for, where that is known. */
export function Part({
  part,
  of,
  done,
}: {
  readonly part: PartJson;
  readonly of: OfSpan;
  readonly done?: Done | undefined;
}): JSX.Element {
  switch (part.type) {
    case "text":
      return <Words value={part.text} of={of} />;
    case "reasoning":
      return <Reasoning value={part.text} of={of} />;
    case "tool-call":
      return <Asked part={part} of={of} done={done} />;
    case "tool-result":
      return (
        <>
          <div class="nw">
            <Kind name="tool" label="result of a tool" />
            <b class="mono cut">{line(part.name ?? part.id ?? "a tool")}</b>
            <span class="mute">result</span>
          </div>
          <div class="np">
            <Result part={part} of={of} />
          </div>
        </>
      );
    case "image":
    case "file":
      return <Media media={part} of={of} />;
    case "compaction":
      return (
        <div class="np">
          <p class="mute">The history before was summarised</p>
          {part.text !== undefined && <Value value={part.text} of={of} />}
        </div>
      );
    default:
      return <Value value={part.value} of={of} />;
  }
}

/** What a tool answered; nothing where it said nothing. */
export function Result(props: {
  readonly part: Extract<PartJson, { type: "tool-result" }>;
  readonly of: OfSpan;
}): JSX.Element | null {
  const { result, is_error: isError } = props.part;
  if (result === undefined) return null;
  return <Value value={result} of={props.of} class={isError ? "err" : undefined} />;
}

/** A tool that was asked for: one row, with what it is to be called with; open, all of that below. */
function Asked(props: {
  readonly part: Extract<PartJson, { type: "tool-call" }>;
  readonly of: OfSpan;
  readonly done: Done | undefined;
}): JSX.Element {
  const { done } = props;
  const { name, arguments: given } = props.part;
  const isOpen = useSignal(false);
  return (
    <div class="calls">
      <button
        type="button"
        class="call"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="chev" class="chev" />
        <Kind name="tool" label="tool call" />
        <span class="nm">{line(name ?? "a tool")}</span>
        <span class="args cut">{gistOf(given)}</span>
        {done !== undefined && (
          <span class="num tail">
            <Outcome of={done} />
          </span>
        )}
      </button>
      {isOpen.value && given !== undefined && (
        <div class="callbody">
          <Value value={given} of={props.of} />
        </div>
      )}
    </div>
  );
}

function Picture({ url, alt }: { readonly url: string; readonly alt: string }): JSX.Element {
  const src = useSignal<string | undefined>(undefined);
  useEffect(() => {
    void Promise.resolve(imageOf(url)).then((found) => {
      src.value = found;
    });
  }, [url]);
  return <img src={src.value} alt={alt} loading="lazy" />;
}

/** An image that is in the store, inline; what is elsewhere is named, never loaded. */
export function Media({ media, of }: { readonly media: MediaJson; readonly of: OfSpan }): JSX.Element {
  const name = media.name ?? media.media_type ?? media.type;
  const size = media.size === undefined ? "" : ` ${bytes(media.size)}`;
  if (media.path !== undefined) {
    return (
      <figure class="media">
        <Picture url={apiUrl(API.media(of.traceId, of.spanId, media.path))} alt={name} />
        <figcaption class="mute">
          {name}
          {size}
        </figcaption>
      </figure>
    );
  }
  return (
    <p class="mute">
      {name}
      {size} {media.url ?? media.file_id ?? ""}
    </p>
  );
}
