// What is shown, to be taken along: as one file, for an issue, or for other programs.
import type { JSX } from "preact";
import { API, type ExportParams } from "../../src/viewer/api.ts";
import { apiUrl } from "../app/api.ts";
import { isExported } from "../app/source.ts";
import { Menu } from "./menu.tsx";

const FORMS: readonly (readonly [form: NonNullable<ExportParams["as"]>, name: string])[] = [
  ["html", "One HTML file"],
  ["markdown", "Markdown"],
  ["records", "Records (JSONL)"],
  ["otlp", "OTLP/JSON"],
  ["atif", "ATIF 1.7"],
];

/** The menu of a conversation, by its key, or of a trace; none in a file that was exported. */
export function ExportMenu(props: Pick<ExportParams, "conversation" | "trace">): JSX.Element | null {
  if (isExported) return null;
  return (
    <Menu name="Export as" button="Export">
      {(close) =>
        FORMS.map(([form, name]) => (
          <a
            key={form}
            class="opt"
            role="menuitem"
            href={apiUrl(API.export, { ...props, as: form })}
            download=""
            onClick={close}
          >
            {name}
          </a>
        ))
      }
    </Menu>
  );
}
