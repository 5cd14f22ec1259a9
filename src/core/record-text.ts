/** The text of a record, as stores keep it and processes hand it on. */
import type { RequestRecord } from "../domain/record.ts";

/** JSON of a record that may be kept: it has been redacted. */
export function recordText(record: RequestRecord): string {
  return JSON.stringify(record);
}

/** The record of a text that `recordText` made; any other is not looked into. */
export function parseRecord(text: string): RequestRecord {
  return JSON.parse(text) as RequestRecord;
}
