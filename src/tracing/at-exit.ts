// What is still done when the process exits, in the order in which spans go: through `process`, past a decision, into a sink.
import { asTracelightError } from "../model/errors.ts";
import { reportUnowned } from "./faults.ts";

/** Whose work it is: `process` finishes what is under way, `decision` decides what waits, a `sink` writes what it has. */
export type ExitStage = "process" | "decision" | "sink";

const stages: Readonly<Record<ExitStage, Set<() => void>>> = {
  process: new Set(),
  decision: new Set(),
  sink: new Set(),
};

/** Calls `work` when the process exits, whatever way but a kill; only what is synchronous gets done. Returns the undo. */
export function atExit(stage: ExitStage, work: () => void): () => void {
  if (isIdle()) process.on("exit", doLastWork);
  stages[stage].add(work);
  return () => {
    if (stages[stage].delete(work) && isIdle()) process.off("exit", doLastWork);
  };
}

function isIdle(): boolean {
  return Object.values(stages).every(({ size }) => size === 0);
}

function doLastWork(): void {
  finishProcessing();
  for (const work of [...stages.decision]) {
    done(work);
    finishProcessing();
  }
  for (const work of [...stages.sink]) done(work);
}

/** What is decided may go through another `process`. */
function finishProcessing(): void {
  for (const work of [...stages.process]) done(work);
}

function done(work: () => void): void {
  try {
    work();
  } catch (error) {
    reportUnowned(
      asTracelightError(error, "SINK_FAILED", "Spans could not be written at the end of the process"),
    );
  }
}
