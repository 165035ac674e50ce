// What a golden trace is made of.

/** One thing that the agent did, as a golden trace has it. */
export interface GoldenStep {
  /** What it is: `tool-call get_weather`. */
  readonly step: string;
  /** How many steps it lies below. */
  readonly depth: number;
  /** What it says, as JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}
