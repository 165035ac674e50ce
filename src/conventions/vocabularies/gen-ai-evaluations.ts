// Results of evaluations as `gen_ai.*` has them: events of the span that was looked at, or the evaluator's own span.
import { defined } from "../../model/defined.ts";
import type { Evaluation } from "../messages.ts";
import type { Source } from "../source.ts";
import { fieldIn, wordsIn } from "../values.ts";
import { GEN_AI_EVALUATION } from "./gen-ai-names.ts";

const RESULT_EVENT = "gen_ai.evaluation.result";

/** In the order in which they were made; none without a name. */
export function genAiEvaluations({ attributes, span }: Source): readonly Evaluation[] {
  const results = span.events.flatMap((event) => (event.name === RESULT_EVENT ? [event.attributes] : []));
  return [attributes, ...results].flatMap(evaluationIn);
}

function evaluationIn(attributes: unknown): Evaluation[] {
  const name = wordsIn(fieldIn(attributes, GEN_AI_EVALUATION.name));
  if (name === undefined) return [];
  const score = fieldIn(attributes, GEN_AI_EVALUATION.score);
  const label = wordsIn(fieldIn(attributes, GEN_AI_EVALUATION.label));
  const explanation = wordsIn(fieldIn(attributes, GEN_AI_EVALUATION.explanation));
  const amount = typeof score === "bigint" ? Number(score) : score;
  return [
    { name, ...defined({ score: typeof amount === "number" ? amount : undefined, label, explanation }) },
  ];
}
