// docs/llms.txt, made of the index of the docs: what each page is for, for language models. node scripts/llms.mjs writes it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DOCS = new URL("../docs/", import.meta.url);
const SUMMARY =
  "Tracing for generative-AI agents in TypeScript: what an agent did, its turns, model calls and tool calls, stored in SQLite, DynamoDB or files, read in code, in the shell and in a page.";

/** The text, as https://llmstxt.org has it. */
export function llmsText() {
  const index = readFileSync(new URL("README.md", DOCS), "utf8");
  const sections = index.slice(index.indexOf("\n## "));
  const first = "- [How to instrument an app and read its traces](skill.md): begin here.";
  return `# Tracelight\n\n> ${SUMMARY}\n\n${first}\n${sections}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(new URL("llms.txt", DOCS), llmsText());
