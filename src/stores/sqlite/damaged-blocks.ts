/** Blocks that readers could not read: each is told once. */
import type { Log } from "../../domain/log.ts";
import type { BlockDamage } from "./text-blocks.ts";

export interface DamagedBlocks {
  readonly count: number;
  tell(damage: readonly BlockDamage[]): void;
  /** Another file is in use: its blocks have the same numbers. */
  forget(): void;
}

export function createDamagedBlocks(log: Log): DamagedBlocks {
  const told = new Set<number>();
  return {
    get count() {
      return told.size;
    },
    tell(damage) {
      for (const { block, reason } of damage) {
        if (told.has(block)) continue;
        told.add(block);
        log.error(`block ${block} of the store cannot be read (${reason}): its records are left out`, {
          block,
        });
      }
    },
    forget: () => told.clear(),
  };
}
