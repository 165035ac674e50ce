// What went wrong, and what to do about it: for a whole view, and for a part of one.
import type { JSX } from "preact";
import { Problem } from "../app/api.ts";
import { Icon } from "../parts/icon.tsx";

/** A view that cannot be shown. */
export function Oops({ error, again }: { readonly error: unknown; readonly again: () => void }): JSX.Element {
  const { message, code } = told(error);
  return (
    <main id="main">
      <div class="teach oops">
        <h1>
          <span class="st err">
            <Icon name="error" />
            {message}
          </span>
        </h1>
        <div class="or">
          <button class="btn solid" type="button" onClick={again}>
            Try again
          </button>
        </div>
        {code !== undefined && (
          <details>
            <summary>
              <Icon name="chev" class="chev" />
              Details
            </summary>
            <pre>{code}</pre>
          </details>
        )}
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

function told(error: unknown): { readonly message: string; readonly code: string | undefined } {
  if (error instanceof Problem) return { message: error.message, code: error.details?.code };
  return { message: error instanceof Error ? error.message : String(error), code: undefined };
}
