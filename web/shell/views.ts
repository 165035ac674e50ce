// The views, each in a file of its own that is loaded when first asked for.
import type { ComponentType } from "preact";
import type { View } from "../app/location.ts";

/** What loads each view. */
export const VIEWS: Readonly<Record<View, () => Promise<ComponentType>>> = {
  list: async () => (await import("../list/list.tsx")).List,
  conversation: async () => (await import("../conversation/conversation.tsx")).Conversation,
  trace: async () => (await import("../trace/trace.tsx")).Trace,
  compare: async () => (await import("../compare/compare.tsx")).Compare,
  numbers: async () => (await import("../numbers/numbers.tsx")).Numbers,
  unknown: async () => (await import("./nowhere.tsx")).Nowhere,
};
