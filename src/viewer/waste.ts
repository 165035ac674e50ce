// What was read again although it had been cached, by cause.
import { wasteJson } from "../render/waste-json.ts";
import { wasteIn } from "../tracing/waste.ts";
import type { WasteAnswerJson } from "./api.ts";
import type { Asked } from "./asked.ts";

/** `GET /api/waste` */
export async function waste(asked: Asked): Promise<WasteAnswerJson> {
  const filter = asked.params("where", "since", "until").filter();
  const { reader, prices, signal } = asked;
  const report = await wasteIn(reader, { ...filter, prices, signal });
  return { ...wasteJson(report.rows, report), notes: reader.notes };
}
