// Dragging with the pointer, from where it is pressed until it is let go, wherever it is then.

/** A drag of fewer pixels is a click. */
const LEAST_PIXELS = 4;

/** What a drag does. */
export interface Drag {
  /** Called with each move, beyond the first few pixels. */
  readonly moved: (event: PointerEvent) => void;
  /** Called once it ends, where it was one. */
  readonly ended?: () => void;
}

/** Follows the pointer that was pressed; what lies below hears nothing of it. */
export function drag(down: PointerEvent, { moved, ended }: Drag): void {
  if (down.button !== 0) return;
  down.preventDefault();
  down.stopPropagation();
  let isDrag = false;
  const end = new AbortController();
  const follow = (event: PointerEvent): void => {
    isDrag ||= Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) >= LEAST_PIXELS;
    if (isDrag) moved(event);
  };
  const finish = (): void => {
    end.abort();
    if (isDrag) ended?.();
  };
  addEventListener("pointermove", follow, { signal: end.signal });
  for (const name of ["pointerup", "pointercancel"] as const)
    addEventListener(name, finish, { signal: end.signal });
}
