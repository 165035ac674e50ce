// The store that the page reads: asked for once, and again while it has no span yet.
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { API, type StoreJson } from "../../src/viewer/api.ts";
import { read } from "./api.ts";
import { listen } from "./live.ts";

const found: Signal<StoreJson | undefined> = signal(undefined);

/** What the server says of the store; undefined until it has answered. */
export const store: ReadonlySignal<StoreJson | undefined> = found;

/** True where there is nothing to list yet. */
export const isStoreEmpty: ReadonlySignal<boolean> = computed(() => found.value?.is_empty === true);

/** Asks what the store is. Called once. */
export async function readStore(): Promise<void> {
  await look();
  listen({ changed: lookAgain, reload: lookAgain });
}

function lookAgain(): void {
  if (found.value === undefined || found.value.is_empty) void look();
}

async function look(): Promise<void> {
  found.value = await read<StoreJson>(API.store).catch(() => found.value);
}
