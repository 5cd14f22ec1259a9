import type { SchemaNode } from "./schema-node.ts";
import { count, milliseconds, section } from "./schema-node.ts";

export const storeSchema: SchemaNode = section("Where records and outcomes are kept.", {
  engine: {
    description:
      "`sqlite` keeps them in a file in `server.state_dir`; `memory` forgets them with the process.",
    enum: ["sqlite", "memory"],
    default: "sqlite",
  },
  durability: {
    description:
      "`batched` commits in groups, and a crash may lose the last `commit_ms` of records; `strict` commits that a unit met a variant before the first byte of the answer. An outcome is committed before its answer either way.",
    enum: ["batched", "strict"],
    default: "batched",
  },
  retention_days: count("Days after which records and outcomes are deleted.", 90, { maximum: 3_650 }),
  content: {
    description:
      "What was said in a chat request, kept beside its record: `off`, or messages and answer `redacted` first. Read by `GET /admin/records/{request_id}/content`.",
    // YAML 1.1 reads a bare `off` as false.
    enum: ["off", "redacted", false],
    default: "off",
  },
  content_retention_days: count(
    "Days after which what was said is deleted; never later than its record.",
    7,
    { maximum: 3_650 },
  ),
  commit_ms: {
    ...milliseconds("Longest wait of a record for its commit.", 200),
    maximum: 60_000,
  },
  queue_rows: count("Rows that may wait to be written; beyond it records are dropped and counted.", 100_000, {
    maximum: 10_000_000,
  }),
  queue_bytes: count("Bytes that may wait to be written.", 64 * 1024 * 1024, {
    minimum: 64 * 1024,
    maximum: 4 * 1024 * 1024 * 1024,
  }),
});
