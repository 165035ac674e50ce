// A part that is loaded when it is first shown.
import { useSignal } from "@preact/signals";
import { type ComponentType, h, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { PartProblem } from "../shell/oops.tsx";

/** Shows what `load` gives; nothing until it is there. */
export function Lazy<P extends object>(props: {
  readonly load: () => Promise<ComponentType<P>>;
  readonly with: P;
}): JSX.Element | null {
  const loaded = useSignal<ComponentType<P> | undefined>(undefined);
  const failure = useSignal<unknown>(undefined);
  const load = (): void => {
    failure.value = undefined;
    props.load().then(
      (component) => {
        loaded.value = component;
      },
      (error: unknown) => {
        failure.value = error;
      },
    );
  };
  useEffect(load, [props.load]);
  if (failure.value !== undefined)
    return <PartProblem what="This part of the page" error={failure.value} again={load} />;
  const Component = loaded.value;
  return Component === undefined ? null : h(Component, props.with);
}
