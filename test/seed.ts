// Property tests try the same cases in each run, so that a change is judged by what it changed; TRACELIGHT_SEED=random, or a number, tries
// others. The same cases again and again show nothing new, so there are fewer of them unless all is run at its full size.
import fc from "fast-check";
import { sized } from "./sizes.ts";

const { TRACELIGHT_SEED = "1" } = process.env;
const seed = TRACELIGHT_SEED === "random" ? {} : { seed: Number(TRACELIGHT_SEED) };
fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: sized(100, 30), ...seed });
