// The page that asks for the token: HTML without a script, and no word of the store.
import { SIGN_IN_STYLE } from "./sign-in-style.ts";

/** The page; `path` is where the viewer is mounted, with a slash at its end. */
export function signInPage(
  path: string,
  { isWrong, next }: { readonly isWrong: boolean; readonly next: string },
): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tracelight</title>
<link rel="stylesheet" href="${attribute(path)}sign-in.css">
</head>
<body>
<main>
<h1>Tracelight</h1>
<form method="post" action="${attribute(path)}sign-in">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<input name="next" type="hidden" value="${attribute(next)}">
${isWrong ? '<p role="alert">That is not the token.</p>' : "<p>It was printed, or chosen, where the page was started: <code>--token</code>.</p>"}
<button>Sign in</button>
</form>
</main>
</body>
</html>
`;
  const headers = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
  return new Response(html, { status: 401, headers });
}

/** Its style. */
export function signInStyle(): Response {
  return new Response(SIGN_IN_STYLE, { headers: { "content-type": "text/css; charset=utf-8" } });
}

/** Where to go after signing in: a place of this viewer, whatever was asked for. */
export function placeWithin(next: string, path: string): string {
  const isWithin = next.startsWith(path) && !next.startsWith("//") && !/[\\\u0000-\u0020]/.test(next);
  return isWithin ? next : path;
}

function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
