// What spans say, whichever vocabulary they are written in, and how to say it in another.

export { failureOf } from "../model/failure.ts";
export type { Finish } from "./finish.ts";
export type {
  CompactionPart,
  Evaluation,
  MediaPart,
  Message,
  MessagePart,
  OfferedTool,
  OtherPart,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  Usage,
} from "./messages.ts";
export { type Reading, readSpan, type ToolUse, type VocabularyName, type WorkKind } from "./reading.ts";
export { type TargetVocabulary, translate } from "./translate.ts";
