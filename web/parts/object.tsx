// The head of a page about one thing: where it belongs, its title, its facts, and what can be done with it.
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import type { SummaryJson } from "../../src/viewer/api.ts";
import { compact, counted, line, money } from "../app/figures.ts";
import { isExported } from "../app/source.ts";
import { Icon } from "./icon.tsx";
import { SetPrice } from "./set-price.tsx";

type Fact = ComponentChildren | undefined | false;

/** The head of a conversation or trace: facts of its own, what all of it used and how often it failed, and the rest. */
export function ObjectHead(props: {
  /** Undefined where it leads nowhere, as in a file of one conversation. */
  readonly crumb: { readonly href: string; readonly name: string } | undefined;
  readonly title: string;
  /** Undefined where it is not known yet. */
  readonly summary: SummaryJson | undefined;
  /** Those that are undefined or false are left out. */
  readonly facts: readonly Fact[];
  readonly states: readonly Fact[];
  readonly notes: readonly string[];
  readonly children: ComponentChildren;
}): JSX.Element {
  const { summary, crumb } = props;
  const title = line(props.title);
  const notes = props.notes.map((note) => (
    <span key={note} class="warn" title={note}>
      {note}
    </span>
  ));
  return (
    <div class="obj">
      <div class="o1">
        {crumb !== undefined && (
          <a class="crumb" href={crumb.href}>
            <Icon name="left" />
            <span class="cut">{line(crumb.name)}</span>
          </a>
        )}
        <h1 class="cut" title={title}>
          {title}
        </h1>
        <span class="grow" />
        {props.children}
      </div>
      <div class="o2" tabIndex={0} role="group" aria-label="Facts">
        {[
          ...props.facts,
          ...(summary === undefined ? [] : usedFacts(summary)),
          ...props.states,
          ...notes,
        ].map((fact, i) => (fact ? <span key={i}>{fact}</span> : null))}
      </div>
    </div>
  );
}

/** The page stays, and what is in it scrolls. */
export function useFixedPage(): void {
  useLayoutEffect(() => {
    document.body.classList.add("fix");
    return () => document.body.classList.remove("fix");
  }, []);
}

function usedFacts(summary: SummaryJson): Fact[] {
  const { input_tokens: input, output_tokens: output, cost_usd: cost, errors } = summary;
  return [
    input + output > 0 && (
      <>
        <b>
          {compact(input)} → {compact(output)}
        </b>{" "}
        tokens
      </>
    ),
    cost !== null && <b>{money(cost)}</b>,
    cost === null && summary.unpriced_calls > 0 && <Unpriced models={summary.models} />,
    errors > 0 && (
      <span class="err st">
        <Icon name="error" />
        {counted(errors, "error")}
      </span>
    ),
  ];
}

/** Where it is plain which model it is, how to give it a price. */
function Unpriced({ models: [model, another] }: { readonly models: readonly string[] }): JSX.Element {
  return (
    <>
      <b>no price</b> {model !== undefined && another === undefined && <SetPrice model={model} />}
    </>
  );
}

/** To compare it with another; an exported file has no other. */
export function CompareLink({ href }: { readonly href: string }): JSX.Element | null {
  return isExported ? null : (
    <a class="btn" href={href}>
      Compare
    </a>
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
