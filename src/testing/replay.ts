// tracelight/replay: recorded calls of models and tools answered again, offline: for tests and for another try from the middle.
export type { FetchInput, FetchLike } from "../agents/fetch/request.ts";
export { type AimockFixture, type AimockFixtures, aimockFixtures } from "./replay/aimock.ts";
export {
  type ReplayBedrockOptions,
  type ReplayedBedrockClient,
  replayBedrock,
} from "./replay/bedrock.ts";
export { type CassetteOptions, cassetteOf } from "./replay/cassette.ts";
export { type ReplayFetchOptions, replayFetch } from "./replay/fetch.ts";
export { type Recording, type ReplayMode, type ReplayOptions, replay } from "./replay/recording.ts";
export type { ReplaySource, StoredRecording } from "./replay/source.ts";
export type { ReplayTiming } from "./replay/streamed.ts";
export { type ReplayedTools, replayTools, type ToolFunction } from "./replay/tools.ts";
