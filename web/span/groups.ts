// A message in pieces.
import type { PartJson } from "../../src/viewer/api.ts";

/** As the lens takes a message apart: each result by itself, and what is between them. */
export function groupsOf(parts: readonly PartJson[]): PartJson[][] {
  const groups: PartJson[][] = [];
  for (const part of parts) {
    const last = groups.at(-1);
    const goesOn = part.type !== "tool-result" && last?.[0] !== undefined && last[0].type !== "tool-result";
    if (goesOn) last?.push(part);
    else groups.push([part]);
  }
  return groups;
}
