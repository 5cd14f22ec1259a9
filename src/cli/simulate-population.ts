/** Who comes, how often, and in which order: a pure function of the seed. */
import { createRandom, type Random } from "../analysis/random.ts";
import type { UnitType } from "../domain/config.ts";

export interface Population {
  readonly seed: number;
  readonly users: number;
  /** Mean, at least 1. A few users come far more often than the others do. */
  readonly requestsPerUser: number;
  /** Mean, at least 1, of the sessions that are not a user's last one: that ends when their requests do. */
  readonly requestsPerSession: number;
}

/** Requests of one user, one after the other. */
export interface Session {
  readonly user: number;
  /** Among the sessions of this user. */
  readonly number: number;
  /** Its first request, among those of this user. */
  readonly firstRequest: number;
  readonly requests: number;
}

/** All sessions, in the order in which they begin. */
export function sessionsOf(population: Population): readonly Session[] {
  const sessions: { readonly startsAt: number; readonly session: Session }[] = [];
  for (let user = 0; user < population.users; user++) {
    const random = drawsFor(population.seed, "visits", user);
    let left = requestCount(population, random);
    for (let number = 0, firstRequest = 0; left > 0; number++) {
      const requests = Math.min(left, 1 + random.poisson(population.requestsPerSession - 1));
      sessions.push({ startsAt: random.uniform(), session: { user, number, firstRequest, requests } });
      firstRequest += requests;
      left -= requests;
    }
  }
  return sessions.toSorted((a, b) => a.startsAt - b.startsAt).map(({ session }) => session);
}

// Poisson around a lognormal rate: the tail is as heavy as that of real visits, and the mean is as it was asked for.
const rateSigma = 0.9;

function requestCount({ requestsPerUser }: Population, random: Random): number {
  const rate = (requestsPerUser - 1) * Math.exp(rateSigma * random.normal() - rateSigma ** 2 / 2);
  return 1 + random.poisson(rate);
}

/** What draws are for, and for whom. */
const purposes = { visits: 1, disposition: 2, request: 3, outcomes: 4 } as const;

export function drawsFor(seed: number, purpose: keyof typeof purposes, ...keys: readonly number[]): Random {
  return createRandom(seed, purposes[purpose], ...keys);
}

/** Ids as the requests carry them; another seed has other users. */
export function userIdOf(seed: number, user: number): string {
  return `simulated-${seed}-${user + 1}`;
}

export function sessionIdOf(seed: number, { user, number }: Session): string {
  return `${userIdOf(seed, user)}-${number + 1}`;
}

/** The unit that the experiment randomises; requests get their ids from the proxy. */
export function unitIdOf(type: UnitType, seed: number, session: Session): string | undefined {
  if (type === "request") return undefined;
  return type === "session" ? sessionIdOf(seed, session) : userIdOf(seed, session.user);
}

/** What tells one unit's disposition from another's. */
export function unitKeys(type: UnitType, session: Session, request: number): readonly number[] {
  if (type === "request") return [session.user, 0, request];
  return type === "session" ? [session.user, session.number] : [session.user];
}
