// What went wrong, and what to do about it: for a whole view, and for a part of one.
import type { JSX } from "preact";
import { Problem } from "../app/api.ts";
import { useKeys } from "../app/keys.ts";
import { store } from "../app/store.ts";
import { Code } from "../parts/code.tsx";
import { Icon } from "../parts/icon.tsx";

/** A view that cannot be shown. */
export function Oops({ error, again }: { readonly error: unknown; readonly again: () => void }): JSX.Element {
  const { message, code, isNobody } = told(error);
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
            <Code text={`npx tracelight view ${store.value?.name ?? ""}`.trimEnd()} />
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
        </p>
      </div>
    </main>
  );
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
}

function told(error: unknown): Told {
  if (!(error instanceof Problem))
    return {
      message: error instanceof Error ? error.message : String(error),
      code: undefined,
      isNobody: false,
    };
  const { message, details } = error;
  return {
    message,
    code: details && `${details.code}  ${details.status} ${details.title}`,
    isNobody: details === undefined,
  };
}
