// The command as tests start it.
import { endsWithParent } from "../ends-with-parent.ts";

endsWithParent();
await import("../../src/cli/main.ts");
