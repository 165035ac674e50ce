// Conversation.
import type { JSX } from "preact";

/** The view. */
export function Conversation(): JSX.Element {
  return (
    <main id="main">
      <h1 class="vh">Conversation</h1>
    </main>
  );
}
