/** Which new requests are refused at the door, so that those inside keep their latency. See docs/overload.md. */
import { StandingDelay } from "../core/standing-delay.ts";

export type RefusalReason = "requests" | "loop_delay";

export interface AdmissionParts {
  readonly limits: () => {
    /** Open requests; one more is refused. */
    readonly maxRequests: number;
    /** How late the event loop may be for long; 0 for any. */
    readonly maxLoopDelayMs: number;
  };
  readonly active: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Refusing for the loop's delay has begun, or has ended. */
  readonly onShedding: (isShedding: boolean) => void;
}

/** The shortest timer: how much later than this it fires is how long a turn of the loop takes. */
const probeMs = 1;
const restMs = 20;
/** What a turn may take of the limit while new requests are refused. */
const heldShare = 0.1;
/** A load that pauses for less is still the same load. */
const calmMs = 1000;
/**
 * An instance with fewer inside takes one more, however slow its machine is: it might refuse all and do nothing otherwise, and
 * so many wait for about a fifth of the limit at the usual speed.
 */
const fewestInside = 64;
/**
 * libuv takes 1,024 events at once, and where there were as many it asks for more, up to 48 times, before timers and new
 * connections have their turn. With more requests than this a turn has come to such a round: it is late, and may be for seconds.
 */
const eventsOfRound = 1024;
/** So many requests run code that is not compiled yet: they are slow, and no sign of a queue. */
const coldRequests = 1000;

/**
 * Watches the event loop while requests come, and keeps it from falling behind: once a queue stands, a turn of the loop
 * takes new requests for a tenth of the delay that it may have, and refuses those behind them. So as much is done as can be
 * done in time, whatever a request costs. (The rule of folly's Codel, with the turn's age for the request's own.)
 */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #delay = new StandingDelay();
  #isWatching = false;
  #isShedding = false;
  #met = 0;
  #metAtRest = 0;
  /** Of the last timer: since then the loop has been in one turn, or has rested. */
  #turn = { startedAt: 0, met: 0 };
  /** When refusing was last needed, and whether it is in this turn and was in the one before. */
  #neededAt = 0;
  #refuses = false;
  #refused = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Why a new request may not come in; undefined lets it in. Ask once for each request, before anything is done for it. */
  refusal(): RefusalReason | undefined {
    const { maxRequests, maxLoopDelayMs } = this.#parts.limits();
    this.#met += 1;
    if (maxLoopDelayMs > 0 && this.#met > coldRequests && this.#isLate(maxLoopDelayMs)) return "loop_delay";
    return this.#parts.active() >= maxRequests ? "requests" : undefined;
  }

  #isLate(limitMs: number): boolean {
    if (!this.#isWatching) this.#rest(this.#parts.now());
    const isRound = this.#met - this.#turn.met > eventsOfRound;
    if (!this.#isShedding && !this.#delay.isLate && !isRound) return false;
    const now = this.#parts.now();
    const ms = now - this.#turn.startedAt;
    if (!this.#isShedding) {
      if (isRound) this.#delay.observe(limitMs, limitMs, now);
      if (!this.#delay.stands(ms, limitMs, now)) return false;
      this.#shed(true, now);
    }
    if (ms <= limitMs * heldShare || this.#parts.active() < fewestInside) return false;
    this.#refuses = true;
    return true;
  }

  /** A while later, sees how long one turn of the loop takes. */
  #rest(now: number): void {
    this.#isWatching = true;
    this.#metAtRest = this.#met;
    this.#mark(now);
    setTimeout(() => this.#probe(this.#parts.now()), restMs).unref();
  }

  #probe(now: number): void {
    this.#mark(now);
    setTimeout(() => this.#judge(this.#parts.now()), probeMs).unref();
  }

  #judge(now: number): void {
    const { maxLoopDelayMs } = this.#parts.limits();
    const turnMs = now - this.#turn.startedAt - probeMs;
    // One turn alone that was a little too long is a stall, and nothing stands.
    if (this.#refuses && (this.#refused || turnMs > maxLoopDelayMs)) this.#neededAt = now;
    this.#refused = this.#refuses;
    this.#refuses = false;
    if (maxLoopDelayMs === 0 || now - this.#neededAt > calmMs) this.#shed(false, now);
    if (maxLoopDelayMs === 0) this.#delay.reset();
    else if (!this.#isShedding) this.#delay.observe(turnMs, maxLoopDelayMs, now);
    if (this.#isShedding || this.#delay.isLate) this.#probe(now);
    // An idle process is not woken: the next request watches again.
    else if (this.#met === this.#metAtRest) this.#isWatching = false;
    else this.#rest(now);
  }

  #mark(now: number): void {
    this.#turn = { startedAt: now, met: this.#met };
  }

  #shed(isShedding: boolean, now: number): void {
    if (isShedding === this.#isShedding) return;
    this.#delay.reset();
    this.#isShedding = isShedding;
    this.#neededAt = now;
    this.#parts.onShedding(isShedding);
  }
}
