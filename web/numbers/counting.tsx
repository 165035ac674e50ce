// The spans are being counted for the first time: how far that is, and the numbers as soon as they are there.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { count } from "../app/figures.ts";
import type { Problem } from "../app/problem.ts";

const AGAIN_MS = 1000;

/** True where the answer is only a matter of time. */
export function isCounting(problem: Problem | undefined): boolean {
  return problem?.details?.code === "COUNTING";
}

/** Says how far it is, and asks again. */
export function Counting(props: { readonly problem: Problem; readonly again: () => void }): JSX.Element {
  useEffect(() => {
    const timer = setTimeout(props.again, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [props.problem]);
  const { done = 0, of = null } = props.problem.details?.progress ?? {};
  return (
    <p class="says" role="status">
      The spans are being counted: {of === null ? count(done) : `${count(done)} of about ${count(of)}`}
    </p>
  );
}
