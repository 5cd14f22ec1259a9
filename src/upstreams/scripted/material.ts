import { hash } from "node:crypto";

/** One server-sent event and what it is for: faults are told as positions among these. */
export interface StreamEvent {
  readonly part: "opening" | "content" | "finish" | "usage" | "done";
  readonly text: string;
}

/** A good answer in the words of its dialect, before any fault. */
export type Material =
  | { readonly kind: "whole"; readonly text: string }
  | {
      readonly kind: "stream";
      readonly events: readonly StreamEvent[];
      /** A content event that says this, for faults that say more than the answer does. */
      readonly contentEvent: (text: string) => string;
      /** The dialect's way to report an error inside a stream. */
      readonly errorEvent: string;
    };

/** What makes one answer's ids; the same stamp gives the same ids. */
export interface Stamp {
  readonly seed: number;
  readonly number: number;
  /** Epoch seconds. */
  readonly createdAt: number;
}

/** `prefix` and 24 letters, in the manner of OpenAI's ids. */
export function idOf(stamp: Stamp, prefix: string, part = ""): string {
  return prefix + hash("sha256", `${stamp.seed}/${stamp.number}/${prefix}/${part}`, "hex").slice(0, 24);
}

export const midStreamError = {
  message: "The scripted upstream failed on purpose in the middle of its answer.",
  type: "server_error",
  param: null,
  code: "server_error",
} as const;
