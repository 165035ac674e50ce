// The context lens beside a timeline: of the whole conversation, where the trace is a turn of one.
import { open, traceUrl } from "../app/location.ts";
import type { ContextTabProps } from "../context/context-tab.tsx";
import type { LoadedTrace } from "./load.ts";
import { changeTrace } from "./state.ts";

/** What the inspector needs for it. */
export function lensOf(
  traceId: string,
  { conversation }: LoadedTrace["head"],
): Pick<ContextTabProps, "lensOf" | "links"> {
  return {
    lensOf: conversation === null ? { trace: traceId } : { conversation: conversation.key },
    links: {
      hrefOf: ({ trace_id: trace, span_id: span }) => traceUrl(trace, { span, tab: "context" }),
      onOpen: ({ trace_id: trace, span_id: span }) => {
        if (trace === traceId) changeTrace({ span });
        else open(traceUrl(trace, { span, tab: "context" }));
        return true;
      },
    },
  };
}
