// Keys and tokens of services, known by how they begin. The forms are facts from the providers' documentation, as secretlint's
// rules (MIT) and the providers' own pages list them.
import { byPattern, type Rule } from "../rule.ts";
import { HAS } from "../survey.ts";

/** JSON web tokens: RFC 7519, of which header and claims begin with `{"`. */
export const jwt: Rule = byPattern({
  label: "JWT",
  hints: HAS.token,
  reach: 16_384,
  pattern: /(?<![\w-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,8000}(?:\.[\w-]{0,2000})?/g,
});

/** Private keys: RFC 7468. One without its end goes to the end of the text. */
export const pem: Rule = {
  label: "PRIVATE_KEY",
  hints: HAS.credentials,
  reach: Number.POSITIVE_INFINITY,
  find(text, found) {
    for (let start = text.indexOf(BEGIN); start >= 0; ) {
      const line = /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/.exec(
        text.slice(start, start + 80),
      );
      let end = start + BEGIN.length;
      if (line !== null) {
        const closing = text.indexOf("-----END ", end);
        const dashes = closing < 0 ? -1 : text.indexOf("-----", closing + 9);
        end = dashes < 0 ? text.length : dashes + 5;
        found(start, end);
      }
      start = text.indexOf(BEGIN, end);
    }
    return text.length;
  },
};

const BEGIN = "-----BEGIN ";

const TOKENS = [
  "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", // AWS
  "gh[opsur]_[A-Za-z0-9]{36,255}", // GitHub
  "github_pat_[A-Za-z0-9_]{22,255}",
  "glpat-[A-Za-z0-9_-]{20,64}", // GitLab
  "sk-ant-[A-Za-z0-9_-]{20,200}", // Anthropic
  "sk-or-v1-[0-9a-f]{32,128}", // OpenRouter
  "sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,200}", // OpenAI, DeepSeek
  "AIza[0-9A-Za-z_-]{35}", // Google
  "GOCSPX-[A-Za-z0-9_-]{28}",
  "ya29\\.[A-Za-z0-9_-]{20,300}",
  "xox[abeoprs]-[A-Za-z0-9-]{10,250}", // Slack
  "xapp-\\d-[A-Za-z0-9-]{20,200}",
  "[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}", // Stripe
  "whsec_[A-Za-z0-9+/]{24,100}",
  "npm_[A-Za-z0-9]{36}", // npm
  "pypi-[A-Za-z0-9_-]{50,250}", // PyPI
  "hf_[A-Za-z0-9]{30,40}", // Hugging Face
  "gsk_[A-Za-z0-9]{40,60}", // Groq
  "xai-[A-Za-z0-9]{40,100}", // xAI
  "r8_[A-Za-z0-9]{30,40}", // Replicate
  "pplx-[A-Za-z0-9]{40,60}", // Perplexity
  "lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", // LangSmith
  "[sp]k-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", // Langfuse
  "SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}", // SendGrid
  "dop_v1_[0-9a-f]{64}", // DigitalOcean
  "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", // Shopify
  "lin_api_[A-Za-z0-9]{40}", // Linear
  "ntn_[A-Za-z0-9]{40,60}", // Notion
  "figd_[A-Za-z0-9_-]{40,60}", // Figma
  "glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}", // Grafana
  "dapi[0-9a-f]{32}", // Databricks
  "sntrys_[A-Za-z0-9+/=_-]{40,300}", // Sentry
  "vercel_blob_rw_[A-Za-z0-9]{16}_[A-Za-z0-9]{20,60}", // Vercel
  "sb[ps]_[0-9a-f]{40}", // Supabase
  "tvly-[A-Za-z0-9-]{20,60}", // Tavily
  "\\d{8,10}:AA[A-Za-z0-9_-]{32,36}", // Telegram
  "AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}", // age
];

/** Keys of well-known services, by how they begin. */
export const apiKey: Rule = byPattern({
  label: "API_KEY",
  hints: HAS.token,
  pattern: new RegExp(`(?<![A-Za-z0-9_-])(?:${TOKENS.join("|")})(?![A-Za-z0-9_-])`, "g"),
  // `sk-` may begin words with dashes too: a key has a digit or a capital.
  accepts: (piece) => /[0-9A-Z]/.test(piece.slice(4)),
});

/** What a name that says so is given: `aws_secret_access_key = …`, `"password": "…"`, `API_KEY=…`. */
export const assigned: Rule = byPattern({
  label: "SECRET",
  hints: HAS.token | HAS.credentials,
  pattern:
    /(?<=(?:secret(?:[_-]?access)?[_-]?key|client[_-]?secret|api[_-]?key|access[_-]?token|auth[_-]?token|account[_-]?key|password|passwd|passphrase)["']?[ \t]{0,4}[=:][ \t]{0,4}["']?)(?:[A-Za-z0-9_+/.=~!@#$%^*-]|&(?!\w{1,64}=)){8,200}/gi,
  accepts: (piece) => /\d/.test(piece) && !/^[[<${*]/.test(piece),
});
