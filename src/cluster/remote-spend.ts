/** The spending of a worker's keys: told to the primary, which knows what they have spent with all workers. */
import { dayOf, nothingSpent, plus, type SpendTotals } from "../core/spend-ledger.ts";
import type { Spend, SpendMeter } from "../domain/client-key.ts";
import type { Link } from "./link.ts";
import type { ToPrimary } from "./messages.ts";

export interface RemoteSpend extends SpendMeter {
  /** Tells and asks now, and every second from then on. */
  start(): void;
  /** Resolves when the primary knows what was added before, or cannot be told. */
  flush(): Promise<void>;
}

/** So long a key may spend on with one worker what it has no more, having spent it with another. */
const tellEveryMs = 1000;

/** `now` gives epoch milliseconds. */
export function createRemoteSpend(link: Pick<Link<ToPrimary>, "call">, now: () => number): RemoteSpend {
  let known: SpendTotals = { day: 0, byKey: {} };
  let sent: Readonly<Record<string, Spend>> = {};
  let pending: Readonly<Record<string, Spend>> = {};
  let telling: Promise<void> = Promise.resolve();
  let isTelling = false;

  const tell = async () => {
    isTelling = true;
    sent = pending;
    pending = {};
    try {
      known = await link.call("spent", sent);
    } catch {
      for (const [id, spend] of Object.entries(sent))
        pending = { ...pending, [id]: plus(pending[id], spend) };
    }
    sent = {};
    isTelling = false;
  };
  const flush = () => {
    telling = telling.then(tell);
    return telling;
  };

  return {
    add(keyId, spend) {
      pending = { ...pending, [keyId]: plus(pending[keyId], spend) };
    },
    of(keyId) {
      const before = known.day >= dayOf(now()) ? known.byKey[keyId] : nothingSpent;
      return plus(plus(before, sent[keyId]), pending[keyId]);
    },
    start() {
      // What was spent before this worker was there is spent.
      flush();
      setInterval(() => {
        // A primary that is slow gets one question at a time.
        if (!isTelling) flush();
      }, tellEveryMs).unref();
    },
    flush,
  };
}
