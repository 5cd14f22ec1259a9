import type { Secret } from "../domain/config.ts";

/** A secret whose text is reachable by `reveal` alone: printing, JSON, inspecting and spreading show `[redacted]` or nothing. */
export function createSecret(text: string): Secret {
  const redacted = (): string => "[redacted]";
  const secret: Secret = { reveal: () => text };
  // Not enumerable, so that a spread or a walk over the members does not copy the way in.
  Object.defineProperties(secret, {
    reveal: { enumerable: false },
    toString: { value: redacted },
    toJSON: { value: redacted },
    [Symbol.toPrimitive]: { value: redacted },
    // The name under which node:util looks for a printer of one's own; it needs no import.
    [Symbol.for("nodejs.util.inspect.custom")]: { value: redacted },
  });
  return Object.freeze(secret);
}
