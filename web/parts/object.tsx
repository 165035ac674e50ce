// The head of a page about one thing: where it belongs, its title, its facts, and what can be done with it.
import type { ComponentChildren, JSX } from "preact";
import { Icon } from "./icon.tsx";

/** The head of a conversation or trace. Facts that are undefined or empty are left out. */
export function ObjectHead(props: {
  readonly crumb: { readonly href: string; readonly name: string };
  readonly title: string;
  readonly facts: readonly (ComponentChildren | undefined | false)[];
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="obj">
      <div class="o1">
        <a class="crumb" href={props.crumb.href}>
          <Icon name="left" />
          <span class="cut">{props.crumb.name}</span>
        </a>
        <h1 class="cut" title={props.title}>
          {props.title}
        </h1>
        <span class="grow" />
        {props.children}
      </div>
      <div class="o2" tabIndex={0} role="group" aria-label="Facts">
        {props.facts.map((fact, i) => (fact ? <span key={i}>{fact}</span> : null))}
      </div>
    </div>
  );
}

/** Chat and timeline: the same turn in two ways. */
export function Ways(props: {
  readonly shown: "chat" | "timeline";
  readonly chat: string | undefined;
  readonly timeline: string | undefined;
}): JSX.Element {
  return (
    <span class="seg" role="group" aria-label="View">
      <Way name="Chat" href={props.chat} isShown={props.shown === "chat"} />
      <Way name="Timeline" href={props.timeline} isShown={props.shown === "timeline"} />
    </span>
  );
}

function Way(props: {
  readonly name: string;
  readonly href: string | undefined;
  readonly isShown: boolean;
}): JSX.Element | null {
  if (props.isShown) {
    return (
      <button type="button" aria-pressed="true">
        {props.name}
      </button>
    );
  }
  return props.href === undefined ? null : (
    <a href={props.href} role="button" aria-pressed="false">
      {props.name}
    </a>
  );
}
