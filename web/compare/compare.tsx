// Compare.
import type { JSX } from "preact";

/** The view. */
export function Compare(): JSX.Element {
  return (
    <main id="main">
      <h1 class="vh">Compare</h1>
    </main>
  );
}
