// Trace.
import type { JSX } from "preact";

/** The view. */
export function Trace(): JSX.Element {
  return (
    <main id="main">
      <h1 class="vh">Trace</h1>
    </main>
  );
}
