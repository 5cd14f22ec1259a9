import type { RecordStore, RequestRecord } from "../domain/record.ts";

/** The newest `capacity` records in memory, for the admin API. They are gone with the process. */
export function createRecentRecords(capacity: number): RecordStore {
  const ring = new Array<RequestRecord | undefined>(capacity);
  let written = 0;
  return {
    append(record) {
      ring[written % capacity] = record;
      written++;
    },
    recent({ experimentId, limit }) {
      const found: RequestRecord[] = [];
      const oldest = Math.max(0, written - capacity);
      for (let at = written - 1; at >= oldest && found.length < limit; at--) {
        const record = ring[at % capacity];
        if (record === undefined) continue;
        if (experimentId === undefined || record.experimentId === experimentId) found.push(record);
      }
      return found;
    },
  };
}
