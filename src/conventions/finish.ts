// Why a model stopped, in one word for what each provider has its own.

/** Why a model stopped, in the same word whoever served it: it had said all, wants tools, was cut at a limit, was stopped by a filter, or failed. */
export type Finish = "stop" | "tool-call" | "length" | "content-filter" | "error";

/** What a provider's word means; undefined for one that is none of these. Some say of tools that they are asked for, some say only that all was said. */
export function finishOf(word: string | undefined, asksForTool: () => boolean): Finish | undefined {
  const finish = word === undefined ? undefined : MEANINGS.get(word.toLowerCase().replaceAll(/[^a-z]/g, ""));
  return finish === "stop" && asksForTool() ? "tool-call" : finish;
}

const WORDS: Readonly<Record<Finish, string>> = {
  stop: "stop endturn stopsequence eos eostoken complete completed finish finished stopcriteriamet",
  "tool-call": "toolcall toolcalls tooluse functioncall",
  length: "length maxtokens maxoutputtokens modellength modelcontextwindowexceeded",
  "content-filter":
    "contentfilter contentfiltered guardrailintervened refusal safety recitation blocklist prohibitedcontent spii imagesafety",
  error: "error failed malformedfunctioncall malformedmodeloutput malformedtooluse",
};

const MEANINGS: ReadonlyMap<string, Finish> = new Map(
  (["stop", "tool-call", "length", "content-filter", "error"] as const).flatMap((finish) =>
    WORDS[finish].split(" ").map((word) => [word, finish] as const),
  ),
);
