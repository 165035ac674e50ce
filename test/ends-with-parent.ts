// For programs that tests start: where a run of tests is killed, nothing that it started goes on.

/** Ends this process when who started it is gone. Keeps nothing alive. */
export function endsWithParent(): void {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.exit(), 1000).unref();
}
