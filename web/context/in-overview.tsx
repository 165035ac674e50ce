// What filled the window of a call, among its other figures: a bar, what is new, and the way to the rest.
import type { JSX } from "preact";
import type { ContextCallJson } from "../../src/viewer/api.ts";
import { count } from "../app/figures.ts";
import { Bar } from "./bar.tsx";
import { callName, type LensOf, useOpenedCall } from "./lens.ts";
import { barOf, inputOf } from "./shares.ts";

/** What it needs. */
export interface InOverviewProps {
  readonly lensOf: LensOf;
  readonly spanId: string;
  readonly onTab: (tab: string) => void;
}

/** The bar; nothing until the lens is there. */
export function InOverview({ lensOf, spanId, onTab }: InOverviewProps): JSX.Element | null {
  const { answer, lens } = useOpenedCall(lensOf, spanId);
  const call = lens?.calls.find(({ span_id }) => span_id === spanId);
  if (call === undefined) return null;
  const opened = answer.data.value?.opened;
  return (
    <div class="inover">
      <Bar call={call} bar={barOf(call, opened?.span_id === spanId ? opened.segments : undefined)} />
      <p class="mute note">
        {words(call)}{" "}
        <button type="button" class="morel" onClick={() => onTab("context")}>
          Context
        </button>
      </p>
    </div>
  );
}

function words(call: ContextCallJson): string {
  const { fates, before, parts } = call;
  const all = inputOf(call);
  if (before === null) return `${count(all)} tokens in, of a first call.`;
  const isNew = `${count(fates?.new ?? parts.new)} of ${count(all)} tokens in are new since ${callName(before)}`;
  if (fates === null) return `${isNew}.`;
  if (fates.again > 0) return `${isNew}; ${count(fates.again)} were read again.`;
  return fates.cached > 0 ? `${isNew}; the rest came from the cache.` : `${isNew}.`;
}
