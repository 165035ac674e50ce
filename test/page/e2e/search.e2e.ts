// The search for words: what it shows of each conversation, and all of it at a press.
import { describe, expect, inject, it } from "vitest";
import { Browsing, PATIENT } from "./browser.ts";

const browser = new Browsing();
const full = inject("travel");

describe("what is found", () => {
  it("is shown once a text; the rest of a conversation is counted, and a press away", async () => {
    const page = await browser.open(`${full}?since=all`);
    await page.getByRole("table", { name: "Conversations" }).waitFor();
    await page.keyboard.press("Control+k");
    const input = page.getByRole("combobox", { name: "Search words" });
    await input.fill("amsterdam umbrella");
    const group = page.getByRole("group", { name: "trip-1042" });
    const more = group.getByRole("option", { name: /^\d+ more here$/ });
    await more.waitFor();
    const hits = group.getByRole("option", { name: /umbrella/ });
    expect(await hits.count()).toBe(1);
    // It is where the words were said first, and is chosen: what was folded is one key away.
    expect(await hits.getAttribute("aria-selected")).toBe("true");
    await hits.getByText("converse").waitFor();
    const folded = Number.parseInt((await more.textContent()) ?? "", 10);
    await input.press("ArrowUp");
    await group.getByRole("option", { name: "more here", selected: true }).waitFor();
    expect(await input.getAttribute("aria-activedescendant")).toBe(await more.getAttribute("id"));
    await input.press("Enter");
    await expect.poll(() => hits.count(), PATIENT).toBe(folded + 1);
    expect(await more.count()).toBe(0);
    await page.getByRole("group", { name: "trip-1038" }).getByRole("option", { name: "more here" }).click();
    await page.getByRole("option", { selected: true }).getByText("Amsterdam").waitFor();
    await input.press("Enter");
    await page.getByRole("treegrid").getByRole("row", { selected: true }).waitFor();
  });
});
