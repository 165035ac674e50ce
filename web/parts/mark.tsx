// The mark: three spans, one of them lit.
import type { JSX } from "preact";

/** Tracelight's mark. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="1" y="2.5" width="9" height="2.4" rx="1" />
      <rect class="lit" x="4" y="6.8" width="11" height="2.4" rx="1" />
      <rect x="7" y="11.1" width="5" height="2.4" rx="1" />
    </svg>
  );
}
