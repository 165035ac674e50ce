// What leads to a call: a link that opens it in its place, where it has one in the view.
import type { ComponentChildren, JSX } from "preact";
import type { CallNameJson } from "../../src/viewer/api.ts";

/** What leads to calls. */
export interface CallLinks {
  readonly hrefOf: (call: CallNameJson) => string;
  /** Opens a call in its place; false where only the link leads there. */
  readonly onOpen: (call: CallNameJson) => boolean;
}

/** A link to a call. */
export function CallLink(props: {
  readonly call: CallNameJson;
  readonly links: CallLinks;
  readonly class: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { call, links } = props;
  return (
    <a class={props.class} href={links.hrefOf(call)} onClick={(event) => openIn(event, call, links)}>
      {props.children}
    </a>
  );
}

/** A plain click opens the call in its place. */
export function openIn(event: MouseEvent, call: CallNameJson, links: CallLinks): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (links.onOpen(call)) event.preventDefault();
}
