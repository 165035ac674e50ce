// Conversations.
import type { JSX } from "preact";

/** The view. */
export function List(): JSX.Element {
  return (
    <main id="main">
      <h1 class="vh">Conversations</h1>
    </main>
  );
}
