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
      insert.run(block, receivedUntil, packed(lines));
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

function packed(lines: readonly string[]): Buffer {
  return zstdCompressSync(lines.join("\n"), compression);
}

/**
 * Takes lines out of a block; the others keep their places. One without any goes, and one that cannot be opened too: nobody can
 * read its lines, and nobody can tell whose they are.
 */
export function blankLines(db: DatabaseSync, block: number, isGone: (text: string) => boolean): void {
  const row = db.prepare("SELECT body FROM blocks WHERE id = ?").get(block);
  if (row === undefined) return;
  const { lines } = openBlock(row.body, zstdDecompressSync);
  const left = lines.map((line) => (line === "" || isGone(line) ? "" : line));
  if (left.every((line) => line === "")) db.prepare("DELETE FROM blocks WHERE id = ?").run(block);
  else if (left.some((line, at) => line !== lines[at]))
    db.prepare("UPDATE blocks SET body = ? WHERE id = ?").run(packed(left), block);
}

/** What tells where a record's text is, of a row of `records`. */
export const textColumns = "body, block, line";

/** Rows' texts, in their order, without those that cannot be read. */
export interface Texts {
  readonly texts: readonly string[];
  readonly damage: readonly BlockDamage[];
}

/** A block that cannot be read, and how many of the rows have lost their text with it. */
export interface BlockDamage {
  readonly block: number;
  readonly reason: string;
  readonly rows: number;
}

/** The texts of rows that have `textColumns`, read in one transaction with them: a row whose block is not there is damage then. */
export function textsOf(
  db: DatabaseSync,
  rows: readonly Record<string, SQLOutputValue>[],
  unpack: (packed: Uint8Array) => Buffer = zstdDecompressSync,
): Texts {
  const find = db.prepare("SELECT body FROM blocks WHERE id = ?");
  const texts = rows.map(({ block, body }) => (block === null ? String(body) : undefined));
  const damage: BlockDamage[] = [];
  const inBlocks = [...rows.entries()].filter(([, { block }]) => block !== null);
  // Each is opened once for all its rows: those of several processes, or of long requests, lie in many blocks by turns.
  for (const [block, members] of Map.groupBy(inBlocks, ([, row]) => Number(row.block))) {
    const { lines, reason } = openBlock(find.get(block)?.body, unpack);
    for (const [at, { line }] of members) texts[at] = lines[Number(line)];
    const lost = members.filter(([at]) => texts[at] === undefined).length;
    if (lost > 0) damage.push({ block, reason, rows: lost });
  }
  return { texts: texts.filter((text) => text !== undefined), damage };
}

/** `reason` tells why a line is not there. */
function openBlock(body: SQLOutputValue | undefined, unpack: (packed: Uint8Array) => Buffer) {
  if (!(body instanceof Uint8Array)) return { lines: [], reason: "it is not there" };
  try {
    return { lines: unpack(body).toString().split("\n"), reason: "it has fewer lines than its rows say" };
  } catch (error) {
    // Whatever is wrong with one block, the others can be read.
    return { lines: [], reason: error instanceof Error ? error.message : String(error) };
  }
}
