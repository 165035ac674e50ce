// What the API writes for others: each form, of one conversation or trace, and only what may be seen.
import { describe, expect, test } from "vitest";
import { converse, json, memory, served } from "./support.ts";

async function exported(url: string, query: string): Promise<Response> {
  return fetch(`${url}api/export?${query}`);
}

describe("GET api/export", () => {
  test("gives records and OTLP of all, of a conversation and of a trace", async () => {
    const tracer = memory();
    converse(tracer);
    converse(tracer, { id: "trip-2" });
    const { url } = await served(tracer);
    const count = async (query: string) =>
      (await (await exported(url, query)).text()).trim().split("\n").length;
    const all = await count("");
    const one = await count("conversation=trip-1");
    expect(all).toBe(2 * one);
    expect(await count("as=records&conversation=trip-1")).toBe(one);
    const otlp = await exported(url, "as=otlp&conversation=trip-1");
    expect(otlp.headers.get("content-disposition")).toBe('attachment; filename="spans.otlp.jsonl"');
    expect(JSON.parse(await otlp.text())).toMatchObject({ resourceSpans: [{}] });
  });

  test("gives documents", async () => {
    const tracer = memory();
    converse(tracer, { words: "Does it hail?" });
    const { url } = await served(tracer, { readOnly: true });
    const { turns } = await json(`${url}api/conversations/trip-1`);
    for (const query of ["conversation=trip-1", `trace=${turns[0].trace_id}`]) {
      const markdown = await exported(url, `as=markdown&${query}`);
      expect(markdown.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
      expect(await markdown.text()).toContain("Does it hail?");
      const atif = await exported(url, `as=atif&${query}`);
      expect(JSON.parse(await atif.text())).toMatchObject({ schema_version: "ATIF-v1.7" });
      const html = await exported(url, `as=html&${query}`);
      expect(html.headers.get("content-disposition")).toBe('attachment; filename="conversation.html"');
      const text = await html.text();
      expect(text.includes('<script type="application/gzip" id="piece-index">')).toBe(true);
      expect(text.includes("Does it hail?")).toBe(false);
    }
  });

  test("gives nobody what is another's", async () => {
    const tracer = memory();
    converse(tracer, { id: "hers", user: "dana" });
    converse(tracer, { id: "his", user: "chen" });
    const { url } = await served(tracer, { principal: "dana" });
    for (const form of ["records", "otlp", "markdown", "atif", "html"]) {
      expect((await exported(url, `as=${form}&conversation=hers`)).status).toBe(200);
      expect((await exported(url, `as=${form}&conversation=his`)).status).toBe(404);
    }
  });

  test("says what cannot be", async () => {
    const tracer = memory();
    converse(tracer);
    const { url } = await served(tracer);
    const problem = async (query: string) => (await exported(url, query)).json();
    expect(await problem("as=pdf")).toMatchObject({ status: 400, parameter: "as" });
    expect(await problem("as=markdown")).toMatchObject({ status: 400, parameter: "as" });
    expect(await problem("as=atif&conversation=trip-1&since=2h")).toMatchObject({
      status: 400,
      parameter: "as",
    });
    expect(await problem(`as=html&trace=${"f".repeat(32)}`)).toMatchObject({ status: 404 });
    expect(await problem("as=markdown&conversation=nothing")).toMatchObject({ status: 404 });
  });
});
