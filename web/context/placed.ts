// The pieces of a prompt by their places in its messages, and how many tokens each has.
import type { SegmentJson } from "../../src/viewer/api.ts";
import { isExported } from "../app/source.ts";
import { type LensOf, useOpenedCall } from "./lens.ts";

/** A piece of a prompt, and which of its message's it is. */
export interface Placed {
  readonly segment: SegmentJson;
  readonly at: number;
}

/** Each piece with its place. */
export function placedSegments(segments: readonly SegmentJson[]): Placed[] {
  let at = 0;
  return segments.map((segment, i) => {
    at = segment.message !== null && segment.message === segments[i - 1]?.message ? at + 1 : 0;
    return { segment, at };
  });
}

/** Tokens of a piece of a message, estimated; undefined where they are not known. */
export type TokensOf = (message: number, at: number) => number | undefined;

/** Those of a call's prompt, once its lens is there. */
export function useTokensOf(of: LensOf, spanId: string): TokensOf {
  const opened = useOpenedCall(of, spanId).answer.data.value?.opened;
  const tokens = new Map<string, number>();
  // In a file small pieces that a call before had are one.
  for (const { segment, at } of opened?.span_id === spanId ? placedSegments(opened.segments) : [])
    if (segment.message !== null && (segment.part === "new" || !isExported))
      tokens.set(`${segment.message} ${at}`, segment.tokens);
  return (message, at) => tokens.get(`${message} ${at}`);
}
