// Property tests try the same cases in each run, so that a change is judged by what it changed; TRACELIGHT_SEED=random, or a number, tries others.
import fc from "fast-check";

const { TRACELIGHT_SEED = "1" } = process.env;
if (TRACELIGHT_SEED !== "random")
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(TRACELIGHT_SEED) });
