// The panel beside a view: its edge is dragged or moved by arrows, a double click gives it back its own size. Narrow, it is a sheet.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { drag } from "../app/drag.ts";
import { DOCKED, NARROW } from "../app/media.ts";
import { keepSize, sizeOf } from "../app/preferences.ts";
import { Icon } from "./icon.tsx";
import { isPanelWanted, isSheetOpen } from "./panel.ts";

const LEAST = 320;
const MOST = 960;
const LEAST_HIGH = 240;
const STEP = 16;

/** The panel. `name` keeps its size apart from those of other views. */
export function Side(props: {
  readonly name: string;
  readonly label: string;
  readonly peek: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const aside = useRef<HTMLElement>(null);
  useEffect(
    () => () => {
      isSheetOpen.value = false;
      isPanelWanted.value = false;
    },
    [],
  );
  const size = useSignal<number | undefined>(sizeOf(keyOf(props.name)));
  useLayoutEffect(() => {
    const split = aside.current?.parentElement;
    if (!split) return;
    const property = matchMedia(DOCKED).matches ? "grid-template-rows" : "grid-template-columns";
    split.style.removeProperty("grid-template-rows");
    split.style.removeProperty("grid-template-columns");
    if (size.value !== undefined && !matchMedia(NARROW).matches) {
      split.style.setProperty(property, `minmax(0, 1fr) ${size.value}px`);
    }
  }, [size.value]);
  const resize = (to: number | undefined): void => {
    const isDocked = matchMedia(DOCKED).matches;
    const most = isDocked ? innerHeight * 0.8 : Math.min(MOST, innerWidth - LEAST);
    const kept = to === undefined ? undefined : Math.min(most, Math.max(isDocked ? LEAST_HIGH : LEAST, to));
    size.value = kept;
    keepSize(keyOf(props.name), kept);
  };
  const measured = (): number => {
    const box = aside.current?.getBoundingClientRect();
    return (matchMedia(DOCKED).matches ? box?.height : box?.width) ?? LEAST;
  };
  const begin = (down: PointerEvent): void => {
    const isDocked = matchMedia(DOCKED).matches;
    drag(down, {
      moved: (event) => resize(isDocked ? innerHeight - event.clientY : innerWidth - event.clientX),
    });
  };
  return (
    <aside class={`side ${isSheetOpen.value ? "open" : ""}`} aria-label={props.label} ref={aside}>
      <button
        type="button"
        class="peek"
        aria-expanded={isSheetOpen.value}
        onClick={() => {
          isSheetOpen.value = !isSheetOpen.value;
        }}
      >
        {props.peek}
        <span class="grow" />
        <Icon name="up" />
      </button>
      <div
        class="grip"
        role="separator"
        aria-orientation="vertical"
        aria-label="Size of this panel"
        aria-valuenow={size.value ?? 456}
        aria-valuemin={LEAST}
        aria-valuemax={MOST}
        tabIndex={0}
        onPointerDown={begin}
        onDblClick={() => resize(undefined)}
        onKeyDown={(event) => {
          const by = { ArrowLeft: STEP, ArrowUp: STEP, ArrowRight: -STEP, ArrowDown: -STEP }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          resize(measured() + by);
        }}
      />
      {props.children}
    </aside>
  );
}

function keyOf(name: string): string {
  return `${name} ${matchMedia(DOCKED).matches ? "high" : "wide"}`;
}
