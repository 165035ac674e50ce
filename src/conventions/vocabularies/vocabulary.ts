// What a vocabulary says about itself: a table of names, and how its structures are read.

import type { Evaluation, Message, OfferedTool, Usage } from "../messages.ts";
import type { Source } from "../source.ts";
import type { WorkKind } from "../work-kind.ts";

export type { WorkKind } from "../work-kind.ts";

/** What is one attribute in every vocabulary. */
export type NamedField = "model" | "provider" | "user" | "agent" | "toolName" | "toolCallId" | "finishReason";

/** What is one number in every vocabulary. */
export type CountedField =
  | "input"
  | "output"
  | "cachedRead"
  | "cachedWrite"
  | "reasoning"
  | "inputAudio"
  | "inputImage"
  | "outputAudio"
  | "outputImage";

/** Attributes by what they say, the name of today first: that one is written, all are read. */
export type Names<Field extends string> = Readonly<Partial<Record<Field, readonly string[]>>>;

/**
 * A vocabulary. What it has no function or names for it does not say. All functions are total; `undefined` and empty lists mean that
 * a span says nothing.
 */
export interface Vocabulary<Name extends string = string> {
  readonly name: Name;
  /** Where it is described, and up to which version it is known. */
  readonly described: string;
  readonly names: Names<NamedField>;
  readonly counts?: Names<CountedField>;
  /**
   * The attributes that are its own, by how their names begin: all that do, or those that the expression matches as well. Of two
   * vocabularies that claim one, the later of the list has it. None of the toolkit's, which spans of all the others inherit.
   */
  readonly owns?: Readonly<Record<string, RegExp | "all">>;
  /** The attributes that its conversations are known by, in the order in which they are asked. */
  readonly conversationNames?: readonly string[];
  /** Attributes whose value is a list of messages that grows from call to call: stores keep those once. */
  readonly messageLists?: readonly string[];
  /** Attributes that the functions read, besides; one that ends in a dot stands for all below it. */
  readonly structures: readonly string[];
  /** Attributes of which the functions read a part; a translation keeps them. */
  readonly hints?: readonly string[];
  kind(source: Source): WorkKind | undefined;
  /** A field that other attributes say better than its own; asked before the names. */
  said?(source: Source, field: NamedField): string | undefined;
  /** The name of the tool or agent, where one attribute names whatever the kind is of. */
  entity?(source: Source, kind: WorkKind): string | undefined;
  /** The first words that a user said. Cheap: it is asked for with each span written. */
  firstWords?(source: Source, kind: WorkKind): unknown;
  /** The system prompt, where it is not among the messages. */
  system?(source: Source): string | undefined;
  inputMessages?(source: Source, kind: WorkKind): readonly Message[];
  outputMessages?(source: Source, kind: WorkKind): readonly Message[];
  /** What went in and came out, where it is not messages; of a tool, its arguments and its result. */
  input?(source: Source, kind: WorkKind): unknown;
  output?(source: Source, kind: WorkKind): unknown;
  tools?(source: Source): readonly OfferedTool[];
  finishReason?(source: Source): string | undefined;
  /** What others thought of the work. */
  evaluations?(source: Source): readonly Evaluation[];
  usage?(source: Source): Usage | undefined;
  /** Milliseconds. */
  timeToFirstToken?(source: Source): number | undefined;
}
