// An address that names nothing.
import type { JSX } from "preact";
import { urlOf } from "../app/location.ts";

/** The view of an address that names nothing. */
export function Nowhere(): JSX.Element {
  return (
    <main id="main">
      <div class="teach oops">
        <h1>There is nothing at this address</h1>
        <p>Conversations, traces and numbers are found from the list.</p>
        <a class="link" href={urlOf("")}>
          To the conversations
        </a>
      </div>
    </main>
  );
}
