// How a turn or the call of a tool went.
import type { StateJson } from "../../src/viewer/api.ts";

/** What is told of it. */
export interface Done {
  readonly state: StateJson;
  readonly ms: number | null;
  readonly hasFailed: boolean;
}

/** A call with its tool's name: which of the calls that a model asked for it is, the order of those of one name tells. */
export interface DoneTool extends Done {
  readonly name: string;
}
