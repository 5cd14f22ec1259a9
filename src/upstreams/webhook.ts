/** Posts to hooks of the user's choosing, where no cloud keeps its credentials. */
import { lookup } from "node:dns";
import { Agent, request } from "undici";
import { isForbidden, networkKind } from "../core/network-address.ts";
import { guardedLookup } from "./guarded-lookup.ts";

export interface WebhookCaller {
  /** Rejects unless it is answered by 2xx; no redirect is followed. What the message of the error says holds no address. */
  post(asked: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }): Promise<void>;
  close(): Promise<void>;
}

export function createWebhookCaller(timeoutMs = 10_000): WebhookCaller {
  const dispatcher = new Agent({
    connections: 4,
    connect: { lookup: guardedLookup({ name: "notify", canReachPrivate: true }, lookup) },
  });
  return {
    async post({ url, headers, body }) {
      const kind = networkKind(new URL(url).hostname);
      if (kind !== undefined && isForbidden(kind))
        throw new Error(`its address is ${kind.replace("_", "-")}`);
      const { statusCode, body: answer } = await request(url, {
        method: "POST",
        headers,
        body,
        signal: AbortSignal.timeout(timeoutMs),
        dispatcher,
      }).catch((error: unknown) => {
        // undici's messages name addresses; its codes do not. A signal's timeout has a number for one.
        const isCoded = error instanceof Error && "code" in error && typeof error.code === "string";
        const code = isCoded ? error.code : "no answer";
        throw new Error(`it could not be reached: ${code}`, { cause: error });
      });
      // It has been taken or not whatever the body says, and however long it is.
      await answer.dump({ limit: 65_536 }).catch(() => undefined);
      if (statusCode < 200 || statusCode > 299) throw new Error(`it answered ${statusCode}`);
    },
    close: () => dispatcher.destroy(),
  };
}
