import { createHmac, hash as digestOf } from "node:crypto";
import type { HashName, Secret, UnitType } from "../domain/config.ts";
import { cellPosition } from "./line.ts";
import {
  growthbookBucket,
  growthbookCells,
  optimizelyBucket,
  optimizelyCells,
  unleashCells,
  unleashNumber,
  unleashVariantSeed,
} from "./sdk-hash.ts";

export interface HashInput {
  readonly hash: HashName;
  readonly salt: string;
  /** Keys `assay_v1`; the hashes of other systems have no keyed form and ignore it. */
  readonly secret: Secret | undefined;
  readonly unitType: UnitType;
  readonly unitId: string;
}

/** The unit's position on the line: an integer of [0, 2^32), the same wherever and whenever it is computed. */
export function positionOf(input: HashInput): number {
  switch (input.hash) {
    case "assay_v1":
      return assayPosition(input);
    case "growthbook_v2":
      return cellPosition(growthbookBucket(input.salt, input.unitId), growthbookCells);
    case "unleash_murmur3":
      return cellPosition(unleashBucket(input.salt, input.unitId), unleashCells);
    case "optimizely_murmur3":
      return cellPosition(optimizelyBucket(input.unitId, input.salt), optimizelyCells);
  }
}

// `binary` digests (one character a byte) are read faster than Buffers, which are allocated outside the heap.
function assayPosition({ salt, secret, unitType, unitId }: HashInput): number {
  const message = `v1\0${salt}\0${unitType}\0${unitId}`;
  if (secret === undefined) return firstWord(digestOf("sha256", message, "binary"));
  return firstWord(createHmac("sha256", secret.reveal()).update(message, "utf8").digest("binary"));
}

// A position is floor(u · 2^32), u being the digest's top 53 bits over 2^53: the digest's first four bytes, big-endian.
function firstWord(digest: string): number {
  const high = (digest.charCodeAt(0) << 8) | digest.charCodeAt(1);
  const low = (digest.charCodeAt(2) << 8) | digest.charCodeAt(3);
  return high * 65_536 + low;
}

function unleashBucket(salt: string, unitId: string): number {
  return unleashNumber({ groupId: salt, id: unitId, normalizer: unleashCells, seed: unleashVariantSeed }) - 1;
}
