/** Texts of records that were committed together, in compressed blocks: a tenth of the bytes, of the log and of the file. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Transactions } from "./transaction.ts";

/** Where the text of a record will be. */
export interface TextPlace {
  readonly block: number;
  readonly line: number;
}

/** One transaction's blocks. */
export interface TextBlocks {
  /** Where the next text comes to be. */
  place(): TextPlace;
  /** Takes the text for that place; its record is written. */
  add(text: string, receivedAt: number): void;
  /** Writes what was added since the last full block. */
  end(): void;
}

/** Characters that fill a block: enough to find what records share, little enough to be read for one of them (0.2 ms). */
const fullLength = 128 * 1024;
/** The fastest level: a slower one makes a tenth less of the records. The checksum tells a damaged block from a sound one. */
const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
};

export function createTextBlocks(db: DatabaseSync, transactions: Transactions): () => TextBlocks {
  const insert = db.prepare("INSERT INTO blocks (id, received_until, body) VALUES (?, ?, ?)");
  return () => {
    let block: number | undefined;
    let lines: string[] = [];
    let length = 0;
    let receivedUntil = 0;
    const end = () => {
      if (block === undefined || lines.length === 0) return;
      // No text has a line break of its own: JSON spells it out.
      insert.run(block, receivedUntil, zstdCompressSync(lines.join("\n"), compression));
      block = undefined;
      lines = [];
      length = 0;
      receivedUntil = 0;
    };
    return {
      place() {
        block ??= transactions.takeRow();
        return { block, line: lines.length };
      },
      add(text, receivedAt) {
        lines.push(text);
        length += text.length;
        receivedUntil = Math.max(receivedUntil, receivedAt);
        if (length >= fullLength) end();
      },
      end,
    };
  };
}

/** What tells where a record's text is, of a row of `records`. */
export const textColumns = "body, block, line";

/** Blocks that are kept at hand while a page is read: its records are of one time, so their blocks recur. */
const openBlocks = 4;

/** The texts of rows that have `textColumns`, in their order, without those whose block retention has just taken away. */
export function textsOf(db: DatabaseSync, rows: readonly Record<string, SQLOutputValue>[]): string[] {
  const find = db.prepare("SELECT body FROM blocks WHERE id = ?");
  const open = new Map<SQLOutputValue, readonly string[]>();
  const linesOf = (block: SQLOutputValue): readonly string[] => {
    const known = open.get(block);
    if (known !== undefined) return known;
    const body = find.get(block)?.body;
    const lines = body instanceof Uint8Array ? zstdDecompressSync(body).toString().split("\n") : [];
    const [oldest] = open.keys();
    if (oldest !== undefined && open.size >= openBlocks) open.delete(oldest);
    open.set(block, lines);
    return lines;
  };
  return rows.flatMap(({ body, block, line }) => {
    if (block === undefined || block === null) return String(body);
    return linesOf(block)[Number(line)] ?? [];
  });
}
