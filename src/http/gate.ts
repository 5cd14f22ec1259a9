/** Who may come in: while the server drains nobody; otherwise requests to a known host, from a known origin. */
import type { IncomingMessage } from "node:http";
import type { RequestController } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";

export interface HostRules {
  /** Names beside loopback's; with `*` any. */
  readonly allowedHosts: readonly string[];
  /** Browser origins; `*` for any. */
  readonly corsOrigins: readonly string[];
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Counts requests whose answer has not ended, and can end them all. */
export class Gate {
  readonly #active = new Set<RequestController>();
  #isDraining = false;
  #whenEmpty: (() => void) | undefined;

  get active(): number {
    return this.#active.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Throws `shutting_down`. */
  enter(controller: RequestController): void {
    if (this.#isDraining) {
      throw new Failure("shutting_down", "This instance is shutting down; send the request again.", {
        retryAfterMs: 1000,
      });
    }
    this.#active.add(controller);
  }

  leave(controller: RequestController): void {
    this.#active.delete(controller);
    if (this.#active.size === 0) this.#whenEmpty?.();
  }

  /** Lets nobody in, waits for those inside, and ends the rest with an error after `milliseconds`. */
  async drain(milliseconds: number): Promise<void> {
    this.#isDraining = true;
    if (!(await this.#emptyWithin(milliseconds))) {
      const reason = new Failure("shutting_down", "This instance shut down before the answer ended.");
      for (const controller of this.#active) controller.abort(reason);
      // Their error events need a moment to leave.
      await this.#emptyWithin(1000);
    }
  }

  #emptyWithin(milliseconds: number): Promise<boolean> {
    if (this.#active.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      this.#whenEmpty = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

/**
 * Refuses foreign hosts, so that a web page that rebinds its name to this machine gets nothing, and foreign origins.
 * Throws `invalid_host`.
 */
export function checkHost(request: IncomingMessage, rules: HostRules): void {
  const { host = "", origin } = request.headers;
  if (!(request.url ?? "").startsWith("/")) {
    throw new Failure(
      "invalid_host",
      "Send the path of the URL alone as the request target; this is no forward proxy.",
    );
  }
  if (hasTwoHosts(request.rawHeaders)) {
    throw new Failure("invalid_host", "The request has two Host headers; send one.");
  }
  if (!isKnownHost(host, rules.allowedHosts)) {
    throw new Failure(
      "invalid_host",
      `The host "${host.slice(0, 100)}" is not served here; add it to server.allowed_hosts.`,
    );
  }
  if (origin !== undefined && !isKnownOrigin(origin, rules.corsOrigins)) {
    throw new Failure(
      "invalid_host",
      `The origin "${origin.slice(0, 100)}" is not allowed; add it to server.cors_origins.`,
    );
  }
}

/** node keeps the first and drops the rest; what stands before us may have gone by the last. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
}

export function isKnownOrigin(origin: string, allowed: readonly string[]): boolean {
  return allowed.includes("*") || allowed.includes(origin);
}

function isKnownHost(host: string, allowed: readonly string[]): boolean {
  const colon = host.lastIndexOf(":");
  const hasPort = colon !== -1 && /^\d+$/.test(host.slice(colon + 1));
  const name = (hasPort ? host.slice(0, colon) : host).toLowerCase();
  return loopback.has(name) || allowed.includes("*") || allowed.includes(name);
}
