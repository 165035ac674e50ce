// Days and hours of a time zone, for counts by time.

/** How long a bucket is. */
export type BucketSize = "day" | "hour";

/** Every zone's offset is constant within a quarter of an hour that begins on one. */
const SLOT_MICROS = 15 * 60 * 1e6;

/** The buckets of one size in one zone, and what is kept for each. */
export class TimeBuckets<T> {
  readonly #size: BucketSize;
  /** Undefined for UTC, which needs none. */
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #make: (name: string) => T;
  readonly #slots = new Map<number, T>();
  readonly #byName = new Map<string, T>();

  /** `make` is asked once for each bucket that there is something in. */
  constructor(size: BucketSize, timeZone: string, make: (name: string) => T) {
    this.#size = size;
    this.#format = timeZone === "UTC" ? undefined : formatFor(timeZone);
    this.#make = make;
  }

  /** What there is for the bucket that a time lies in, in microseconds. */
  of(micros: number): T {
    const slot = Math.floor(micros / SLOT_MICROS);
    const known = this.#slots.get(slot);
    if (known !== undefined) return known;
    const made = this.#named(this.#nameOf((slot * SLOT_MICROS) / 1000));
    this.#slots.set(slot, made);
    return made;
  }

  #named(name: string): T {
    const made = this.#byName.get(name) ?? this.#make(name);
    this.#byName.set(name, made);
    return made;
  }

  /** Such as `2026-11-22` or `2026-11-22T14:00+01:00`. */
  #nameOf(ms: number): string {
    if (this.#format === undefined) {
      const iso = new Date(ms).toISOString();
      return this.#size === "day" ? iso.slice(0, 10) : `${iso.slice(0, 13)}:00Z`;
    }
    const parts = new Map<string, string>();
    for (const { type, value } of this.#format.formatToParts(ms)) parts.set(type, value);
    const of = (type: string): string => parts.get(type) ?? "";
    const day = `${of("year").padStart(4, "0")}-${of("month")}-${of("day")}`;
    return this.#size === "day" ? day : `${day}T${of("hour")}:00${offsetIn(of("timeZoneName"))}`;
  }
}

/** True for a zone that this Node knows, such as `Europe/Amsterdam`. */
export function isTimeZone(zone: unknown): boolean {
  try {
    return typeof zone === "string" && formatFor(zone) !== undefined;
  } catch {
    return false;
  }
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone, calendar: "gregory", numberingSystem: "latn" },
    ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", hourCycle: "h23" },
    timeZoneName: "longOffset",
  });
}

/** `GMT+01:00` as records have it; UTC is plain `GMT`. */
function offsetIn(name: string): string {
  const offset = name.slice("GMT".length);
  return offset === "" ? "Z" : offset;
}
