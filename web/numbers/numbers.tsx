// Numbers.
import type { JSX } from "preact";

/** The view. */
export function Numbers(): JSX.Element {
  return (
    <main id="main">
      <h1 class="vh">Numbers</h1>
    </main>
  );
}
