/** The text of docs/llms.txt. */
export function llmsText(): string;
