/** The file's schema, as the list of what made each version out of the one before it. */
import type { DatabaseSync } from "node:sqlite";
import { Failure } from "../../domain/failure.ts";

/** `migrations[n]` makes version n + 1. What has been released is never edited: files of it exist. */
export const migrations: readonly string[] = [
  `
  -- One line. Rows of records, facts and outcomes come from one counter, so they ascend in the order of commits,
  -- over all processes that share the file, and are never given twice.
  CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    next_row INTEGER NOT NULL,
    generation INTEGER NOT NULL
  );
  -- A file that takes the place of another one (corrupt, deleted) must not look like its continuation: time sets them apart.
  INSERT INTO state VALUES (1, 1, CAST(unixepoch('subsec') * 1000 AS INTEGER));

  CREATE TABLE boots (
    id INTEGER PRIMARY KEY,
    instance TEXT NOT NULL,
    boot TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    alive_at INTEGER NOT NULL,
    is_closed INTEGER NOT NULL DEFAULT 0,
    last_sequence INTEGER NOT NULL DEFAULT 0,
    -- Ever stored: what retention takes away is no loss.
    rows INTEGER NOT NULL DEFAULT 0,
    UNIQUE (instance, boot)
  );

  -- Experiments, variants, phases, models, metrics: few, and never deleted.
  CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
  -- Units and sessions, by keyed hash.
  CREATE TABLE subjects (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, seen_at INTEGER NOT NULL);

  CREATE TABLE records (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    received_at INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    experiment INTEGER,
    variant INTEGER,
    outcome INTEGER NOT NULL,
    unit INTEGER,
    is_unfinished INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
  );
  -- Grows at its end only, and holds every column that a page of records is filtered by.
  CREATE INDEX records_by_time ON records (received_at, row, experiment, variant, outcome, unit);

  -- Clustered: one experiment's facts are read in the order of rows, from neighbouring pages.
  CREATE TABLE facts (
    experiment INTEGER NOT NULL,
    row INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    session INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    assigned INTEGER NOT NULL,
    served INTEGER,
    flags INTEGER NOT NULL,
    latency_ms REAL NOT NULL,
    first_chunk_ms REAL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cached_tokens INTEGER,
    cost_usd REAL,
    response_model INTEGER,
    PRIMARY KEY (experiment, row)
  ) WITHOUT ROWID;

  -- Exposures of requests that have not ended yet.
  CREATE TABLE exposures (id BLOB PRIMARY KEY, boot INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE outcomes (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    idempotency BLOB NOT NULL UNIQUE,
    metric INTEGER NOT NULL,
    at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    request BLOB,
    request_row INTEGER,
    session INTEGER,
    unit INTEGER,
    value REAL,
    category INTEGER,
    label TEXT,
    prediction TEXT,
    comment TEXT
  );
  CREATE INDEX outcomes_waiting ON outcomes (request) WHERE request IS NOT NULL AND request_row IS NULL;
  CREATE INDEX outcomes_by_time ON outcomes (received_at);

  CREATE TABLE phases (
    experiment TEXT NOT NULL,
    id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (experiment, id)
  ) WITHOUT ROWID;
  `,
  `
  -- Hash of the content, of an outcome without a key; its idempotency is then its own id, which nothing repeats but a batch
  -- that is sent again. NULL with a key, and in rows of version 1, whose idempotency is the one hash or the other.
  ALTER TABLE outcomes ADD COLUMN content BLOB;
  -- Ends in the row, so that the newest outcome of a subject and a metric is found at once.
  CREATE INDEX outcomes_by_subject ON outcomes (request, session, unit, metric);
  -- Chosen by an upstream: only so many are kept.
  ALTER TABLE names ADD COLUMN is_foreign INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Bodies of records that were committed together: one a line, compressed by zstd.
  CREATE TABLE blocks (id INTEGER PRIMARY KEY, received_until INTEGER NOT NULL, body BLOB NOT NULL);
  CREATE INDEX blocks_by_time ON blocks (received_until);
  -- Where the body is, counted from 0; NULL where it stands in the row itself, as in those of versions 1 and 2.
  ALTER TABLE records ADD COLUMN block INTEGER;
  ALTER TABLE records ADD COLUMN line INTEGER;
  -- Of a record whose body is in a block: labels are compared with it.
  ALTER TABLE records ADD COLUMN prediction TEXT;
  `,
  `
  -- Who asks that a session be forgotten means its requests too. NULL in rows of versions 1 to 3: of those the facts tell it.
  ALTER TABLE records ADD COLUMN session INTEGER;
  -- What was said in requests, redacted; it is kept for a shorter time than their records.
  CREATE TABLE contents (
    id BLOB NOT NULL UNIQUE,
    received_at INTEGER NOT NULL,
    unit INTEGER,
    session INTEGER,
    body TEXT NOT NULL
  );
  CREATE INDEX contents_by_time ON contents (received_at);
  `,
];

/** Brings the file to the newest version, each step in one transaction. Throws `config_invalid` for a file from the future. */
export function migrate(db: DatabaseSync, path: string, steps: readonly string[] = migrations): void {
  checkVersion(db, path, steps);
  for (let version = versionOf(db); version < steps.length; version = versionOf(db)) {
    db.exec("BEGIN IMMEDIATE");
    try {
      // Another process may have been faster while this one waited for the lock.
      if (versionOf(db) === version) {
        db.exec(steps[version] ?? "");
        db.exec(`PRAGMA user_version = ${version + 1}`);
      }
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

export function checkVersion(db: DatabaseSync, path: string, steps: readonly string[] = migrations): void {
  const version = versionOf(db);
  if (version <= steps.length) return;
  throw new Failure(
    "config_invalid",
    `${path} was written by a newer Assay (its format is ${version}, this one reads up to ${steps.length}); ` +
      "upgrade Assay, or name another state_dir.",
  );
}

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0);
}
