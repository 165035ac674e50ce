// Whose a segment of a journal is: nothing that two clocks can disagree on, and nobody loses what is his.
import { execFileSync } from "node:child_process";
import { readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Delivery } from "../../src/delivery/delivery.ts";
import type * as realTimers from "../../src/model/timers.ts";
import { nameServer, runThread, startChild } from "./processes.ts";
import {
  counts,
  deliveryTo,
  downDelivery,
  endedSpans,
  leftSegment,
  namesOf,
  newFolder,
  recovered,
  Server,
  segmentsIn,
  steadyClock,
} from "./support.ts";

/** The intervals that were set. */
const timers = vi.hoisted(() => ({ set: [] as { run: () => void; ms: number }[] }));
vi.mock("../../src/model/timers.ts", async (original) => {
  const real = await original<typeof realTimers>();
  const setInterval = (run: () => void, ms = 0) => {
    timers.set.push({ run, ms });
    return real.setInterval(run, ms);
  };
  return { ...real, setInterval };
});

const MINUTE = 60_000;
/** Several times as many spans as memory may hold in these tests. */
const MANY = 600;
const LOOK_EVERY_MS = 15_000;

/** The same segment under another owner's name: host, process, start time and thread. */
function givenTo(path: string, owner: string): string {
  const other = path.replace(".free.", `.${owner}.`);
  renameSync(path, other);
  return other;
}

function aged(path: string, ageMs: number): void {
  const time = new Date(Date.now() - ageMs);
  utimesSync(path, time, time);
}

/** How this process signs its segments, up to the thread. */
async function ownSignature(): Promise<string> {
  const folder = newFolder();
  downDelivery(folder, 1);
  const [name = ""] = readdirSync(folder);
  return name.split(".")[2] ?? "";
}

describe("whose a segment is", () => {
  it("a live process's stays its own", async () => {
    const folder = newFolder();
    const child = startChild({ journal: folder, name: "live", spans: 10, finish: "stay" });
    await child.ready;
    aged(segmentsIn(folder)[0] ?? "", 10 * MINUTE);
    expect(await recovered(folder)).toEqual([]);
    child.kill();
    await child.ended;
    expect(await recovered(folder)).toEqual(namesOf("live", 10));
  });

  it("this thread's stays its own, however long the event loop was held", async () => {
    const folder = newFolder();
    const { delivery } = downDelivery(folder, 5);
    aged(segmentsIn(folder)[0] ?? "", 10 * MINUTE);
    expect(await recovered(folder)).toEqual([]);
    await delivery.close(0);
    expect(await recovered(folder)).toEqual(namesOf("span", 5));
  });

  it("the same process id with another start time is another process, and gone", async () => {
    const folder = newFolder();
    const [machine, pid, start, thread] = (await ownSignature()).split("-");
    givenTo(await leftSegment(folder, 3), `${machine}-${pid}-${Number(start) + 1}-${thread}`);
    expect(await recovered(folder)).toEqual(namesOf("span", 3));
  });

  it("spans for another destination are left to those who send there", async () => {
    const folder = newFolder();
    await leftSegment(folder, 3);
    const server = new Server();
    const { delivery } = deliveryTo(server, { journal: folder }, "another table");
    await delivery.close();
    expect(server.received).toEqual([]);
    expect(await recovered(folder)).toEqual(namesOf("span", 3));
  });
});

describe("an owner that cannot be looked up, as on another host,", () => {
  const FOREIGN = "0123456789ab-1-100-0";

  /** Somebody who looks around the folder, and the clock he watches by. */
  function watcher(folder: string) {
    const server = new Server();
    const { delivery } = deliveryTo(server, { journal: folder });
    const clock = steadyClock();
    const look = async (times: number, everyMs = LOOK_EVERY_MS) => {
      for (let i = 0; i < times; i++) {
        clock.pass(everyMs);
        await delivery.flush(30_000);
      }
      return [...server.received].sort();
    };
    return { delivery, look };
  }

  it("has a minute, in which it is seen to do nothing", async () => {
    const folder = newFolder();
    const path = givenTo(await leftSegment(folder, 3), FOREIGN);
    const { look } = watcher(folder);
    expect(await look(4)).toEqual([]);
    expect(segmentsIn(folder)).toEqual([path]);
    expect(await look(1)).toEqual(namesOf("span", 3));
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("has it as well in another thread of this process", async () => {
    const folder = newFolder();
    const [machine, pid, start] = (await ownSignature()).split("-");
    givenTo(await leftSegment(folder, 3), `${machine}-${pid}-${start}-77`);
    const { look } = watcher(folder);
    expect(await look(4)).toEqual([]);
    expect(await look(1)).toEqual(namesOf("span", 3));
  });

  it.each([10 * MINUTE, 0, -10 * MINUTE])("has it whatever a clock says: %i ms ago", async (ageMs) => {
    const folder = newFolder();
    aged(givenTo(await leftSegment(folder, 3), FOREIGN), ageMs);
    const { look } = watcher(folder);
    expect(await look(4)).toEqual([]);
    expect(await look(1)).toEqual(namesOf("span", 3));
  });

  it("has another one each time that it is seen to live, whatever its clock says", async () => {
    const folder = newFolder();
    const path = givenTo(await leftSegment(folder, 3), FOREIGN);
    const { look } = watcher(folder);
    for (let round = 0; round < 6; round++) {
      expect(await look(3)).toEqual([]);
      // Its clock goes backwards.
      aged(path, round * MINUTE);
    }
    expect(await look(5)).toEqual(namesOf("span", 3));
  });

  it("is not taken for dead by one who was suspended himself", async () => {
    const folder = newFolder();
    const path = givenTo(await leftSegment(folder, 3), FOREIGN);
    const { look } = watcher(folder);
    expect(await look(2, 60 * MINUTE)).toEqual([]);
    aged(path, 1);
    expect(await look(4)).toEqual([]);
    expect(segmentsIn(folder)).toEqual([path]);
  });

  it("shows that it lives, for as long as it does", async () => {
    const folder = newFolder();
    const { delivery } = downDelivery(folder, 3);
    await delivery.flush(0);
    const [path = ""] = segmentsIn(folder);
    for (let beat = 0; beat < 3; beat++) {
      aged(path, 10 * MINUTE);
      const before = statSync(path).mtimeMs;
      timers.set.findLast(({ ms }) => ms === LOOK_EVERY_MS)?.run();
      expect(statSync(path).mtimeMs).not.toBe(before);
    }
  });
});

describe("a live owner keeps its segments from one whose clock is ahead, or behind,", () => {
  const CLOCKS = [MINUTE, 61 * MINUTE, -MINUTE];

  /** A delivery with most of its spans on disk only. */
  async function overflowing(folder: string) {
    const down = downDelivery(folder, MANY, { maxQueuedSpans: 100, maxConcurrency: 1 });
    await down.delivery.flush(0);
    return down;
  }

  async function expectAll({
    delivery,
    server,
    told,
  }: Awaited<ReturnType<typeof overflowing>>): Promise<void> {
    server.answer = () => "delivered";
    expect(counts(await delivery.flush(30_000))).toEqual({
      written: MANY,
      pending: 0,
      dropped: 0,
      failed: 0,
    });
    expect([...server.received].sort()).toEqual(namesOf("span", MANY));
    expect(told.filter(({ code }) => code === "JOURNAL_FAILED")).toEqual([]);
  }

  it.each(CLOCKS)("in another thread: by %i ms", async (aheadMs) => {
    const folder = newFolder();
    const owner = await overflowing(folder);
    const { url, received } = await nameServer();
    await runThread({
      journal: folder,
      url,
      name: "thread",
      spans: 5,
      finish: "flush",
      aheadMs,
      looks: 3,
    });
    expect([...received].sort()).toEqual(namesOf("thread", 5));
    await expectAll(owner);
  });

  it.each(CLOCKS)("in a container or on a host of its own: by %i ms", async (aheadMs) => {
    const folder = newFolder();
    const owner = await overflowing(folder);
    const { url, received } = await nameServer();
    const other = startChild({
      ...{ journal: folder, url, name: "host", spans: 5, finish: "flush" },
      ...{ host: "elsewhere", aheadMs, looks: 3 },
    });
    expect(await other.ended).toBe(0);
    expect([...received].sort()).toEqual(namesOf("host", 5));
    await expectAll(owner);
  });
});

describe("an owner that was suspended, and comes back when its segments were taken over,", () => {
  /** Takes over what the folder holds, as if it had been watched for a minute; elsewhere, or its owner would take it back. */
  async function takeOver(folder: string): Promise<string[]> {
    const elsewhere = newFolder();
    for (const path of segmentsIn(folder)) {
      const name = basename(path).replace(/\.[^.]*\.([^.]*)\.journal$/, ".free.$1.journal");
      renameSync(path, join(elsewhere, name));
    }
    return recovered(elsewhere);
  }

  async function suspended(count: number, options = {}) {
    const folder = newFolder();
    const clock = steadyClock();
    const owner = downDelivery(folder, count, options);
    await owner.delivery.flush(0);
    const taken = await takeOver(folder);
    clock.pass(10 * MINUTE);
    return { folder, taken, ...owner };
  }

  it("goes on in a new segment, delivers what it has, and says that it may come twice", async () => {
    const { folder, taken, delivery, server, told } = await suspended(3);
    expect(taken).toEqual(namesOf("span", 3));
    for (const span of endedSpans(3, "more")) delivery.add(span);
    expect(segmentsIn(folder)).toHaveLength(1);
    server.answer = () => "delivered";
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 6, pending: 0, dropped: 0, failed: 0 });
    expect(journalFaults(told)).toEqual([
      expect.stringMatching(/is not in its place any more.* 3 of its spans .* perhaps a second time/),
    ]);
    await delivery.close();
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("reads what is on disk only from the file that it still has open", async () => {
    const { taken, delivery, server, told } = await suspended(MANY, { maxQueuedSpans: 100 });
    expect(taken).toEqual(namesOf("span", MANY));
    for (const span of endedSpans(100, "more")) delivery.add(span);
    server.answer = () => "delivered";
    expect(counts(await delivery.flush(30_000))).toEqual({
      written: MANY + 100,
      pending: 0,
      dropped: 0,
      failed: 0,
    });
    expect([...server.received].sort()).toEqual([...namesOf("span", MANY), ...namesOf("more", 100)].sort());
    expect(journalFaults(told)).toHaveLength(1);
  });

  it("has nothing to say where all was delivered before", async () => {
    const { delivery, server, told } = downDelivery(newFolder(), 0);
    server.answer = () => "delivered";
    await addAndFlush(delivery, 3);
    expect(told).toEqual([]);
  });

  it("is a stopped process: it is taken over, goes on, and nothing is lost", async () => {
    const folder = newFolder();
    const { url, received } = await nameServer();
    const owner = startChild({
      journal: folder,
      name: "owner",
      spans: 500,
      finish: "stay",
      host: "elsewhere",
    });
    await owner.ready;
    owner.kill("SIGSTOP");
    const heir = startChild({ journal: folder, url, name: "heir", spans: 1, finish: "flush", looks: 6 });
    expect(await heir.ended).toBe(0);
    expect([...received].sort()).toEqual(["heir-0", ...namesOf("owner", 500)].sort());
    owner.kill("SIGCONT");
    owner.kill("SIGTERM");
    expect(await owner.ended).toBe("SIGTERM");
    expect(await recovered(folder)).toEqual([]);
  });

  async function addAndFlush(delivery: Delivery<string>, count: number): Promise<void> {
    for (const span of endedSpans(count)) delivery.add(span);
    await delivery.flush(30_000);
  }
});

function journalFaults(told: readonly { code: string; message: string }[]): string[] {
  return told.filter(({ code }) => code === "JOURNAL_FAILED").map(({ message }) => message);
}

describe("segments that are removed while they are written to", () => {
  it.each(["the files", "the folder"])(
    "are told of, and what an open file holds is read: %s",
    async (what) => {
      const folder = newFolder();
      const clock = steadyClock();
      const { delivery, server, told } = downDelivery(folder, MANY, { maxQueuedSpans: 50 });
      await delivery.flush(0);
      for (const path of what === "the folder" ? [folder] : segmentsIn(folder))
        rmSync(path, { recursive: true });
      clock.pass(2000);
      for (const span of endedSpans(100, "later")) delivery.add(span);
      // What comes later is safe again.
      expect(segmentsIn(folder)).toHaveLength(1);
      server.answer = () => "delivered";
      expect(counts(await delivery.flush(30_000))).toEqual({
        written: MANY + 100,
        pending: 0,
        dropped: 0,
        failed: 0,
      });
      expect([...server.received].sort()).toEqual(
        [...namesOf("span", MANY), ...namesOf("later", 100)].sort(),
      );
      expect(journalFaults(told)).toEqual([
        expect.stringMatching(new RegExp(`not in its place.* ${MANY} of its spans`)),
      ]);
      await delivery.close();
    },
  );

  it("are told of though nothing more is written", async () => {
    const folder = newFolder();
    const { delivery, server, told } = downDelivery(folder, 10);
    await delivery.flush(0);
    execFileSync("rm", ["-r", folder]);
    server.answer = () => "delivered";
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 10, pending: 0, dropped: 0, failed: 0 });
    expect(journalFaults(told)).toHaveLength(1);
  });
});
