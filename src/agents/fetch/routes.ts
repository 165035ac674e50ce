// Which requests are calls of models: known by their path, then by their body.
import { anthropic } from "../dialects/anthropic.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { gemini } from "../dialects/gemini.ts";
import { geminiEmbeddings } from "../dialects/gemini-embeddings.ts";
import { ollama } from "../dialects/ollama.ts";
import { openAiChat } from "../dialects/openai-chat.ts";
import { embeddings } from "../dialects/openai-embeddings.ts";
import { openAiResponses } from "../dialects/openai-responses.ts";

/** The API that a URL may be of; undefined for all others. One look at a text, since every request of the app pays for it. */
export function dialectAt(url: string): Dialect | undefined {
  const [, path = ""] = PATHS.exec(url) ?? [];
  return path === "" ? undefined : DIALECTS.get(path.toLowerCase());
}

const PATHS =
  /(\/chat\/completions|\/responses|\/embeddings|\/messages|\/api\/chat|\/api\/generate|\/api\/embed|:generatecontent|:streamgeneratecontent|:embedcontent|:batchembedcontents|:predict|:rawpredict|:streamrawpredict)\/?(?:[?#]|$)/i;

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ["/chat/completions", openAiChat],
  ["/responses", openAiResponses],
  ["/embeddings", embeddings],
  ["/messages", anthropic],
  ["/api/chat", ollama],
  ["/api/generate", ollama],
  ["/api/embed", embeddings],
  [":generatecontent", gemini],
  [":streamgeneratecontent", gemini],
  [":embedcontent", geminiEmbeddings],
  [":batchembedcontents", geminiEmbeddings],
  [":predict", geminiEmbeddings],
  // Anthropic's models at Vertex.
  [":rawpredict", anthropic],
  [":streamrawpredict", anthropic],
]);

/** Where a URL leads, and to whose service. */
export interface Address {
  readonly hostname: string;
  readonly pathname: string;
  readonly provider: string | undefined;
}

/** An app asks the same few over and over: to take one apart takes as long as a span. Throws where it is no URL. */
export function addressOf(url: string): Address {
  const known = addresses.get(url);
  if (known !== undefined) return known;
  const { hostname, pathname } = new URL(url);
  const address = { hostname, pathname, provider: providerAt(hostname) };
  if (addresses.size >= MAX_ADDRESSES) addresses.clear();
  addresses.set(url, address);
  return address;
}

const addresses = new Map<string, Address>();
const MAX_ADDRESSES = 100;

/** Whose service a host is, by the names that prices go by. */
function providerAt(host: string): string | undefined {
  return HOSTS.find(([pattern]) => pattern.test(host))?.[1];
}

const HOSTS: readonly (readonly [pattern: RegExp, provider: string])[] = [
  [/(?:^|\.)openai\.com$/i, "openai"],
  [/\.(?:openai|services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)$/i, "azure"],
  [/(?:^|\.)anthropic\.com$/i, "anthropic"],
  [/(?:^|[.-])(?:generativelanguage|aiplatform)\.googleapis\.com$/i, "google"],
  [/(?:^|\.)mistral\.ai$/i, "mistral"],
  [/(?:^|\.)groq\.com$/i, "groq"],
  [/(?:^|\.)deepseek\.com$/i, "deepseek"],
  [/(?:^|\.)openrouter\.ai$/i, "openrouter"],
  [/(?:^|\.)x\.ai$/i, "x-ai"],
  [/(?:^|\.)together\.(?:xyz|ai)$/i, "together"],
  [/(?:^|\.)fireworks\.ai$/i, "fireworks"],
  [/(?:^|\.)cohere\.(?:com|ai)$/i, "cohere"],
  [/(?:^|\.)perplexity\.ai$/i, "perplexity"],
  [/(?:^|\.)amazonaws\.com$/i, "aws"],
];
