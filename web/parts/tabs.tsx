// Tabs: one stop of the Tab key, arrows go between them. One with nothing in it is not shown.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isPanelWanted } from "./panel.ts";

/** One tab and what it shows. */
export interface Tab {
  readonly id: string;
  readonly name: string;
  readonly body: () => ComponentChildren;
}

/** The row of tabs and the panel of the one that is chosen. */
export function Tabs(props: {
  readonly tabs: readonly Tab[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}): JSX.Element {
  const { tabs } = props;
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isPanelWanted.value) return;
    panel.current?.focus({ preventScroll: true });
    isPanelWanted.value = false;
  }, [isPanelWanted.value]);
  const shown = tabs.find((tab) => tab.id === props.chosen) ?? tabs[0];
  const at = shown === undefined ? -1 : tabs.indexOf(shown);
  const go = (event: KeyboardEvent, to: number): void => {
    const next = tabs.at(to % tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    props.onChoose(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <>
      <div
        class="tabs"
        role="tablist"
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") go(event, at + 1);
          else if (event.key === "ArrowLeft") go(event, at - 1);
          else if (event.key === "Home") go(event, 0);
          else if (event.key === "End") go(event, tabs.length - 1);
        }}
      >
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`tab-${tab.id}`}
            aria-controls="panel"
            aria-selected={tab === shown}
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => props.onChoose(tab.id)}
          >
            {tab.name}
          </button>
        ))}
      </div>
      <div
        key={shown?.id}
        class="sidebody"
        ref={panel}
        id="panel"
        role="tabpanel"
        aria-labelledby={`tab-${shown?.id}`}
        tabIndex={0}
      >
        {shown?.body()}
      </div>
    </>
  );
}
