// What can be said of work that is done with the AI SDK.
import type { StreamOptions } from "../capture.ts";

/** What is said of the work. */
export interface AiSdkOptions extends StreamOptions {
  /** The conversation that it belongs to: `ai.conversation.id`, of all spans. Default: none, or that of a span above. */
  readonly conversation?: string | undefined;
  /** Who it is done for: `ai.auth.context`, of all spans. Default: nobody, or as a span above says. */
  readonly user?: string | undefined;
  /** Who does it: `ai.agent.name`, and the name of the turn's span. Default: the SDK's `functionId`. */
  readonly agent?: string | undefined;
}
