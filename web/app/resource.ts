// What is read from the server and shown: the last answer stays while a new one is on its way, or failed.
import { type ReadonlySignal, type Signal, signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem } from "./problem.ts";

/** An answer and its state. */
export interface Resource<T> {
  /** The last answer; undefined before the first. */
  readonly data: ReadonlySignal<T | undefined>;
  /** Why the last request failed; undefined where it did not. */
  readonly problem: ReadonlySignal<Problem | undefined>;
  /** True while a request is on its way. */
  readonly isLoading: ReadonlySignal<boolean>;
  /** Asks again. */
  readonly reload: () => void;
}

/** Reads whenever the key changes, dropping what was asked before. An undefined key asks for nothing. */
export function useResource<T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
): Resource<T> {
  const data: Signal<T | undefined> = useSignal(undefined);
  const problem: Signal<Problem | undefined> = useSignal(undefined);
  const isLoading = useSignal(false);
  const again = useSignal(0);
  useEffect(() => {
    if (key === undefined) return undefined;
    const abort = new AbortController();
    isLoading.value = true;
    load(abort.signal).then(
      (answer) => {
        if (abort.signal.aborted) return;
        data.value = answer;
        problem.value = undefined;
        isLoading.value = false;
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        problem.value = error instanceof Problem ? error : new Problem(String(error));
        isLoading.value = false;
      },
    );
    return () => abort.abort();
  }, [key, again.value]);
  return {
    ...{ data, problem, isLoading },
    reload: () => void again.value++,
  };
}

/** Requests that are on their way, for the line under the top bar: it comes after 150 ms. */
export const busy: Signal<number> = signal(0);

/** Counts a component's request among those that are on their way. */
export function useBusy(isLoading: ReadonlySignal<boolean>): void {
  const is = isLoading.value;
  useEffect(() => {
    if (!is) return undefined;
    busy.value++;
    return () => void busy.value--;
  }, [is]);
}
