// Where the package of prices may have a model: who serves it, by the names that vocabularies and SDKs have for providers.

/** A model as the package may know it. */
export interface ModelAtProvider {
  readonly model: string;
  /** The package's name of the provider; where it is left out, the model's id says whose it is. */
  readonly providerId?: string | undefined;
}

/** The places to look in, the likeliest first. A provider that is said is believed: the same model may cost something else elsewhere, or nothing. */
export function placesOf(model: string, provider: string | undefined): readonly ModelAtProvider[] {
  const aws = BEDROCK.test(model) ? [{ model, providerId: "aws" }] : [];
  if (provider === undefined) return [...aws, ...anywhere(model)];
  const name = provider.toLowerCase().trim();
  const known = ALIASES.find(([pattern]) => pattern.test(name))?.[1];
  if (known !== undefined) return [...aws, { model, providerId: known }];
  const [first = name] = name.split(".", 1);
  return [...aws, { model, providerId: name }, ...(first === name ? [] : [{ model, providerId: first }])];
}

/** `provider/model`, as routers have it, else the id as it is, else what stands behind the last slash: `models/gemini-2.5-pro`. */
function anywhere(model: string): readonly ModelAtProvider[] {
  const last = model.slice(model.lastIndexOf("/") + 1);
  return [{ model, providerId: "litellm" }, { model }, ...(last === model ? [] : [{ model: last }])];
}

/** Bedrock's ids: whose the model is, mostly behind a region, and the ARN of either. */
const BEDROCK =
  /(?:^|[/:])(?:[a-z]{2,6}(?:-[a-z]+)?\.)?(?:ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\.[a-z]/i;

/** Names that the package does not match by itself; the first that fits. */
const ALIASES: readonly (readonly [pattern: RegExp, providerId: string])[] = [
  [/bedrock|^aws/, "aws"],
  [/^azure[._-]ai[._-]inference|^az[._-]ai[._-]inference|^azure$/, "azure"],
  [/^gcp|gemini|google|vertex/, "google"],
  [/^x[_-]?ai\b/, "x-ai"],
  [/^together/, "together_ai"],
];
