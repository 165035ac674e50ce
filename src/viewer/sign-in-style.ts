// The style of the page that asks for the token: the colours and sizes of the others, as few as it needs.

/** CSS. */
export const SIGN_IN_STYLE: string = `:root { color-scheme: light dark; }
body { margin: 0; font-family: system-ui, sans-serif; font-size: 13px; line-height: 20px; }
main { max-width: 320px; margin: 20vh auto 0; padding: 0 16px; }
h1 { font-size: 16px; line-height: 24px; font-weight: 600; }
label { display: block; }
input { box-sizing: border-box; width: 100%; height: 32px; margin: 4px 0; padding: 0 8px; font-size: 13px; }
button { height: 32px; padding: 0 12px; font-size: 13px; }
`;
