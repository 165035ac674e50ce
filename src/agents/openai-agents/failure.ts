// What the SDK says of a failure: words, where an error was.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";

/** How the work of a span ended that has this error, or none. */
export function endOf(error: unknown): WorkEnd {
  const message = wordsIn(fieldIn(error, "message"));
  if (message === undefined) return { how: "done" };
  const data = fieldIn(error, "data");
  const guardrail = wordsIn(fieldIn(data, "guardrail"));
  const said =
    wordsIn(fieldIn(data, "error")) ?? (guardrail === undefined ? message : `${message}: ${guardrail}`);
  return ABORTS.test(said) ? { how: "abandoned" } : { how: "failed", error: new AgentsFailure(said) };
}

/** An error that the SDK told in words, such as `RangeError: too far`. It has no stack: where it was thrown is not told. */
class AgentsFailure extends Error {
  constructor(said: string) {
    const [, name = "AgentsFailure", message = said] = NAMED.exec(said) ?? [];
    super(message);
    this.name = name;
    Object.defineProperty(this, "stack", { value: `${name}: ${message}`, enumerable: false });
  }
}

const NAMED = /^([A-Za-z_$][\w$]{0,99}): (.+)$/s;
/** Of the platform, and of OpenAI's client. */
const ABORTS =
  /^(?:AbortError\b|(?:\w+: )?(?:Request was aborted\.|This operation was aborted|The operation was aborted))/;
