// The custom properties of the page: fonts and measures, and the colours of both themes.
import { dark, light } from "./tokens.mjs";

const FIXED = [
  '--sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;',
  '--mono: ui-monospace, SFMono-Regular, "SF Mono", Menlo, "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace;',
  "--fs-11: 11px; --fs-12: 12px; --fs-13: 13px; --fs-14: 14px; --fs-16: 16px; --fs-20: 20px;",
  "--lh-11: 16px; --lh-12: 16px; --lh-13: 20px; --lh-14: 22px; --lh-16: 24px; --lh-20: 28px;",
  "--row-list: 32px; --row-trace: 24px;",
];

export function tokensCss() {
  return `/* Made by web/colors/write.mjs from web/colors/tokens.mjs. */
:root {
  color-scheme: light;
  ${FIXED.join("\n  ")}
  ${properties(light)}
}
@media (prefers-color-scheme: dark) {
  :root:not([data-theme="light"]) {
    color-scheme: dark;
    ${properties(dark)}
  }
}
:root[data-theme="dark"] {
  color-scheme: dark;
  ${properties(dark)}
}
`;
}

function properties(theme) {
  return Object.entries(theme)
    .map(([name, value]) => `--${name}: ${value};`)
    .join(" ");
}
