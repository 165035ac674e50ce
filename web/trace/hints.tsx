// The keys of a timeline, below it.
import type { JSX } from "preact";

const HINTS = [
  ["j k", "move"],
  ["← →", "fold"],
  ["Enter", "inspect"],
  ["e", "next error"],
  ["c", "critical path"],
  ["f", "zoom to span"],
  ["0", "fit"],
  ["m", "time or steps"],
  ["?", "all keys"],
] as const;

/** The line of keys. */
export function Hints(): JSX.Element {
  return (
    <div class="hints">
      {HINTS.map(([keys, what]) => (
        <span key={what}>
          {keys.split(" ").map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}{" "}
          {what}
        </span>
      ))}
    </div>
  );
}
