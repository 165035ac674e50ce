// The views, each in a file of its own that is loaded when first asked for.
import type { ComponentType } from "preact";
import type { View } from "../app/location.ts";
import { isExported } from "../app/source.ts";

/** What loads each view. */
export const VIEWS: Readonly<Record<View, () => Promise<ComponentType>>> = {
  list: isExported ? nowhere : async () => (await import("../list/list.tsx")).List,
  conversation: async () => (await import("../conversation/conversation.tsx")).Conversation,
  trace: async () => (await import("../trace/trace.tsx")).Trace,
  compare: async () => (await import("../compare/compare.tsx")).Compare,
  numbers: isExported ? nowhere : async () => (await import("../numbers/numbers.tsx")).Numbers,
  unknown: nowhere,
};

/** A file has one conversation or trace, and none of the code of other views. */
async function nowhere(): Promise<ComponentType> {
  return (await import("./nowhere.tsx")).Nowhere;
}
