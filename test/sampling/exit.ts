// A process whose traces wait for their decision when it ends: run by the tests of tail sampling.
import { Tracer } from "tracelight";
import { failed, tailSampling } from "tracelight/sampling";
import { SqliteTracer } from "tracelight/sqlite";

const [path = "", finish] = process.argv.slice(2);
const store = new SqliteTracer({ path });
// The store has begun to write before anything waits.
store.trace("first", () => undefined);
const tracer = new Tracer(tailSampling(store, { keep: [failed] }));
const open = tracer.startSpan("open");
const faulty = tracer.trace("outer", { parentSpan: open }, () => tracer.startSpan("never ends"));
tracer.trace("faulty", { parentSpan: faulty }, (span) => void span.setStatus("ERROR"));
tracer.trace("other", { parentSpan: null }, () => tracer.startSpan("runs"));
if (finish === "exit") process.exit(0);
