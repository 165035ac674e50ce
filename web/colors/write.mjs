// Writes web/style/tokens.css: node web/colors/write.mjs. A check in CI holds it to that.
import { writeFileSync } from "node:fs";
import { tokensCss } from "./css.mjs";

writeFileSync(new URL("../style/tokens.css", import.meta.url), tokensCss());
