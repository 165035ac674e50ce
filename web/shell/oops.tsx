// What went wrong, and what to do about it: for a whole view, and for a part of one.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useKeys } from "../app/keys.ts";
import { Problem } from "../app/problem.ts";
import { isExported } from "../app/source.ts";
import { store } from "../app/store.ts";
import { Code } from "../parts/code.tsx";
import { Icon } from "../parts/icon.tsx";

/** Tried again by itself after so many seconds, and each time after twice as many. */
const FIRST_WAIT = 8;
const LONGEST_WAIT = 64;

/** A view that cannot be shown. */
export function Oops({ error, again }: { readonly error: unknown; readonly again: () => void }): JSX.Element {
  const { message, code, isNobody, mayPass } = told(error);
  useKeys({ r: again });
  return (
    <main id="main">
      <div class="teach oops">
        <h1>
          <span class="st err">
            <Icon name="error" />
            {message}
          </span>
        </h1>
        {isNobody && (
          <>
            <h2>What to do</h2>
            <p>Start it again, and this page goes on by itself:</p>
            <Code text={`npx tracelight view ${nameInCommand()}`.trimEnd()} />
          </>
        )}
        {code !== undefined && (
          <details>
            <summary>
              <Icon name="chev" class="chev" />
              What was said
            </summary>
            <pre class="soft">{code}</pre>
          </details>
        )}
        <p class="or">
          <button class="btn" type="button" onClick={again}>
            Try again <kbd>r</kbd>
          </button>
          {mayPass && !isExported && <NextTry error={error} again={again} />}
        </p>
      </div>
    </main>
  );
}

/** Counts down to the next try. `error` is that of the last one. */
function NextTry({ error, again }: { readonly error: unknown; readonly again: () => void }): JSX.Element {
  const wait = useRef(FIRST_WAIT / 2);
  const left = useSignal(FIRST_WAIT);
  useEffect(() => {
    wait.current = Math.min(2 * wait.current, LONGEST_WAIT);
    left.value = wait.current;
    const timer = setInterval(() => {
      left.value--;
      if (left.value > 0) return;
      clearInterval(timer);
      again();
    }, 1000);
    return () => clearInterval(timer);
  }, [error]);
  return (
    <span class="mute">{left.value > 0 ? `tries by itself in ${left.value}${NO_BREAK}s` : "trying"}</span>
  );
}

const NO_BREAK = "\u00a0";

/** What the command takes: the example of a store is no other store. */
function nameInCommand(): string {
  const { kind = "", name = "" } = store.value ?? {};
  return kind === "example" ? "" : name;
}

/** A part that could not be read: the rest of the page stays. */
export function PartProblem(props: {
  readonly what: string;
  readonly error: unknown;
  readonly again: () => void;
}): JSX.Element {
  return (
    <p class="says" role="alert">
      {props.what} could not be read: {told(props.error).message}{" "}
      <button type="button" class="morel" onClick={props.again}>
        Try again
      </button>
    </p>
  );
}

interface Told {
  readonly message: string;
  /** What the server said of it besides; undefined where it said nothing. */
  readonly code: string | undefined;
  /** True where no server answered at all. */
  readonly isNobody: boolean;
  /** True for what may be otherwise in a while: what is not there, or was asked for wrongly, stays so. */
  readonly mayPass: boolean;
}

function told(error: unknown): Told {
  if (!(error instanceof Problem))
    return {
      message: error instanceof Error ? error.message : String(error),
      code: undefined,
      isNobody: false,
      mayPass: false,
    };
  const { message, details } = error;
  return {
    message,
    code: details && `${details.code}  ${details.status} ${details.title}`,
    isNobody: details === undefined,
    mayPass: details === undefined || details.status >= 500,
  };
}
