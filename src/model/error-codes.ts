// The one table of error codes: what each means, and how it is mended. Types, docs/errors.md and checks come from it.

/**
 * All codes that Tracelight throws or reports, in the order of docs/errors.md: what each means, and the mend. Both are one line
 * of Markdown, with links as they are there.
 */
export const ERROR_CODES = {
  INVALID_OPTION: {
    means:
      "An option is unknown, missing or out of range; thrown at construction. DynamoDB without a region gives it too.",
    mend: "Correct the option that the message names.",
  },
  INVALID_ARGUMENT: {
    means:
      "An argument of a call could not be used and was left out; the call went on without it. `addTracer` and `traced` throw it.",
    mend: "Correct the argument that the message names.",
  },
  INVALID_QUERY: {
    means: "A query has an unknown field or a value out of range; the read rejects.",
    mend: "See the fields in [Queries](queries.md#fields).",
  },
  INVALID_RECORD: {
    means:
      "A record, log line or item is not a span; reading it fails. A broken item of a table, or row of a file, is left out and reported.",
    mend: "Correct the field that the message names; update Tracelight where the record is newer.",
  },
  NO_TRACER: {
    means: "A traced function has no tracer to use; it ran untraced.",
    mend: 'Give one, `traced("name", { tracer })`, or give the object a `tracer` property.',
  },
  NOT_A_STORE: {
    means: "The tracer's sink keeps nothing that could be read back; the read rejects.",
    mend: "Read from an `InMemoryTracer` or a `DynamoDbTracer`, or put one into a `TeeTracer`.",
  },
  SPAN_ENDED: {
    means:
      "A span was changed after it ended, or its stream was read on after nobody had for `idleMs`; what came was left out.",
    mend: "Change the span before it ends, or end it later: `startSpan`, or await the work inside `trace`; give `idleMs`.",
  },
  NOT_FOLLOWED: {
    means:
      "What a traced function gave, or `span.follow` got, has an end that cannot be seen: a thenable that is not a plain promise, such as the `APIPromise` of a model client; a stream that is being read already. Told once for a span's name.",
    mend: "Await it inside: `trace(name, async () => await …)`; follow a stream before it is read.",
  },
  TRACER_CLOSED: {
    means:
      "A span ended, or was changed, after its tracer was closed; it was dropped, or is there as `interrupted`.",
    mend: "Close the tracer when all work is done; `openSpans()` says what still runs.",
  },
  SINK_FAILED: {
    means: "A sink threw or rejected; the span was counted as failed.",
    mend: "See the `cause`; mend the sink.",
  },
  REDACTION_FAILED: {
    means: "A rule of `redact` threw or took too long; the text was masked whole.",
    mend: "Correct the rule: its pattern should take linear time, see [Redaction](redaction.md#it-fails-closed).",
  },
  PROCESS_FAILED: {
    means: "The `process` option threw; the span was kept from every sink.",
    mend: "Mend `process`: it must be synchronous and return nothing or `false`.",
  },
  CLASSIFY_FAILED: {
    means: "The `classifyError` option threw, or gave what it may not; the failure was taken as without it.",
    mend: 'Mend `classifyError`: it must be synchronous and return `"error"`, `"aborted"`, `"none"` or `undefined`.',
  },
  SAMPLE_FAILED: {
    means:
      "The `sample` option, or a condition of `tailSampling`, threw, or gave what it may not; the trace was kept.",
    mend: "Mend the function that the message names: it must be synchronous; `sample` returns a number from 0 to 1.",
  },
  FLUSH_TIMEOUT: {
    means: "A sink's `flush` or `close` ran out of time; `pending` says how many spans still wait.",
    mend: "Give more time, `flush({ timeoutMs })`, or see why the sink hangs.",
  },
  SPAN_REFUSED: {
    means:
      "A server failed each time with one span, alone too, and took others meanwhile. The span is counted as failed.",
    mend: "See the `cause` for what the server said; change or drop such spans with [`process`](process.md).",
  },
  QUEUE_FULL: {
    means: "A bounded queue was full, or its reader had gone; the oldest spans were dropped and counted.",
    mend: "Make fewer spans, read faster, or raise the bound where there is an option for it.",
  },
  JOURNAL_FAILED: {
    means:
      "A journal could not be written or read, or was changed or removed by somebody else. Its spans go on in memory; what cannot be read is left out and counted as failed.",
    mend: "See the message: make the folder writable, free disk space, raise `maxJournalBytes`, or update Tracelight where a segment is newer.",
  },
  STREAM_FAILED: {
    means: "The output stream failed; spans written to it are counted as failed.",
    mend: "See the `cause`: a closed pipe, a full disk.",
  },
  MISSING_DEPENDENCY: {
    means: "An optional package is not installed; the message names it.",
    mend: "Install the package; where the program is bundled, see [Bundlers](bundlers.md).",
  },
  NOT_A_DATABASE: {
    means:
      "The file is no SQLite database, or not one of Tracelight's. It was not touched; spans for it are counted as failed.",
    mend: "Choose another path.",
  },
  STORE_NEWER: {
    means: "The SQLite file was written by a newer release of Tracelight. It was not touched.",
    mend: "Update tracelight.",
  },
  STORE_NOT_FOUND: {
    means: "There is no such file to read.",
    mend: "Correct the path.",
  },
  STORE_UNREADABLE: {
    means: "The file cannot be opened or read; the message says why.",
    mend: "Check the rights of the file and its folder. Where its file system has no locks, choose a path on a disk of the machine.",
  },
  STORE_LOCKED: {
    means:
      "Another process has held the lock on the SQLite file for seconds. What is written waits in memory and is tried again.",
    mend: "End the other process's transaction.",
  },
  STORE_READ_ONLY: {
    means: "The SQLite file or its folder may not be written to.",
    mend: "Check the rights of both.",
  },
  STORE_FULL: {
    means: "The disk is full. Spans wait in memory and are tried again.",
    mend: "Free some space.",
  },
  STORE_CORRUPT: {
    means: "Pages of the SQLite file are damaged.",
    mend: "Keep a copy. `tracelight export FILE` saves what can be read: import that into a new file. `sqlite3 FILE .recover` may find more.",
  },
  SQLITE_FAILED: {
    means: "SQLite failed in another way; the message has its words.",
    mend: "See the `cause`.",
  },
  OTLP_FAILED: {
    means:
      "An OTLP server could not be reached, or answered with an error. Spans wait and are sent again, where that can help.",
    mend: "Check the URL and the server; the message has its answer.",
  },
  OTLP_REFUSED: {
    means: "An OTLP server refused spans for good. They are counted as failed.",
    mend: "Read the message: it has the server's words.",
  },
  OTEL_MISMATCH: {
    means:
      "OpenTelemetry's global is taken by another provider, or its API is of a version that does not fit; nothing was registered.",
    mend: "As the message says: register one provider only, and install one version of `@opentelemetry/api`.",
  },
  LISTEN_FAILED: {
    means: "A port could not be listened on, mostly since it is taken.",
    mend: "End the other process, or choose another port.",
  },
  TABLE_NOT_FOUND: {
    means: "The DynamoDB table does not exist in that region or at that endpoint.",
    mend: "Create it with `ensureTable`, or correct `tableName`, `region` or `endpoint`.",
  },
  TABLE_SCHEMA: {
    means:
      "The DynamoDB table or its index has other keys than Tracelight's, or its items are of another key layout.",
    mend: "Use another table or index, let `ensureTable` create one, or set [`keyLayout`](dynamodb.md#key-layouts).",
  },
  TABLE_SCAN: {
    means:
      "A read had no key or index to go by: it scanned the DynamoDB table, whole or in part as the message says.",
    mend: "Give the query what the message names, or use a [recent index](dynamodb.md#the-recent-index).",
  },
  CREDENTIALS: {
    means: "No AWS credentials were found, or AWS refused them.",
    mend: "Set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or pass a `client`.",
  },
  ACCESS_DENIED: {
    means: "The AWS credentials may not do this.",
    mend: "Allow `dynamodb:BatchWriteItem`, `Query`, `Scan` and `BatchGetItem` on the table and its indexes; for `ensureTable` see [what it needs](dynamodb.md#behaviour-and-failure-modes).",
  },
  ITEM_TOO_LARGE: {
    means: "Values of a span encode to more than a gigabyte, or an item is larger than DynamoDB takes.",
    mend: "Shorten its attributes with [`process`](process.md).",
  },
  INVALID_ITEM: {
    means: "DynamoDB refused an item. The span it was made of is counted as failed.",
    mend: "Read the message: it names what DynamoDB did not take.",
  },
  DYNAMODB_FAILED: {
    means: "DynamoDB refused a request, or could not be reached.",
    mend: "See the `cause`.",
  },
  REPLAY_MISS: {
    means:
      "A call was asked for that the recording has not; the message names the recorded call that is most like it and what differs.",
    mend: "Record it, or say what is noise: see [Replay](replay.md#what-was-not-recorded).",
  },
  NOTHING_RECORDED: {
    means: "What was to be replayed has no call of a model or of a tool.",
    mend: 'Give the spans of a whole trace, recorded with `capture: "all"`.',
  },
  UNEXPECTED: {
    means: "The command met an error that has no code: nobody foresaw it.",
    mend: "Read the message. Where it is no fault of the system, tell of it as a fault of Tracelight.",
  },
} as const;

/** One of Tracelight's own error codes: what each means, and its mend, is listed in docs/errors.md. */
export type TracelightErrorCode = keyof typeof ERROR_CODES;
