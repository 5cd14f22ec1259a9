/** What was said, beside the records: it goes earlier than they do. */
import type { DatabaseSync } from "node:sqlite";
import { parseContent } from "../../core/content-record.ts";
import type { Subjects } from "./interned.ts";
import { keyBytes } from "./key-bytes.ts";

/** Gives the step that keeps one text of `contentText`; the second of a request is none. */
export function createContentWriter(db: DatabaseSync, subjects: Subjects): (text: string) => void {
  const insert = db.prepare(`
    INSERT INTO contents (id, received_at, unit, session, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`);
  const idOf = (hash: string | undefined) => (hash === undefined ? null : subjects.idOf(hash));
  return (text) => {
    const { requestId, receivedAt, unitHash, sessionHash } = parseContent(text);
    insert.run(keyBytes(requestId), receivedAt, idOf(unitHash), idOf(sessionHash), text);
  };
}

/** The text that is kept of a request, or none. */
export function contentBodies(db: DatabaseSync, requestId: string): readonly string[] {
  const found = db.prepare("SELECT body FROM contents WHERE id = ?").all(keyBytes(requestId));
  return found.map(({ body }) => String(body));
}
