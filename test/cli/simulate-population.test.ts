import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { sessionsOf } from "../../src/cli/simulate-population.ts";

const population = { seed: 1, users: 3000, requestsPerUser: 11, requestsPerSession: 4 };

function requestsByUser(sessions: ReturnType<typeof sessionsOf>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { user, requests } of sessions) counts.set(user, (counts.get(user) ?? 0) + requests);
  return counts;
}

describe("a population", () => {
  const sessions = sessionsOf(population);
  const counts = [...requestsByUser(sessions).values()];
  const total = counts.reduce((sum, count) => sum + count, 0);

  test("has as many users and requests as were asked for, and a few users with very many", () => {
    assert.equal(counts.length, population.users);
    // A lognormal rate of σ 0.9: its standard deviation is 1.12 times its mean of 10.
    assert.ok(Math.abs(total / population.users - 11) < (4 * 12) / Math.sqrt(population.users));
    const busiest = counts.toSorted((a, b) => b - a).slice(0, population.users / 10);
    assert.ok(busiest.reduce((sum, count) => sum + count, 0) > 0.3 * total);
    const perSession = total / sessions.length;
    assert.ok(perSession > 3 && perSession < 4, `${perSession} requests a session`);
  });

  test("comes in an order of its own, and is another one by another seed", () => {
    assert.deepEqual(sessionsOf(population), sessions);
    assert.notDeepEqual(sessionsOf({ ...population, seed: 2 }), sessions);
    const users = sessions.slice(0, 200).map(({ user }) => user);
    assert.notDeepEqual(
      users,
      users.toSorted((a, b) => a - b),
    );
  });

  test("numbers every request of a user once, without gaps", () => {
    const settings = fc.record({
      seed: fc.nat(),
      users: fc.integer({ min: 1, max: 20 }),
      requestsPerUser: fc.double({ min: 1, max: 20, noNaN: true }),
      requestsPerSession: fc.double({ min: 1, max: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(settings, (of) => {
        const all = sessionsOf(of);
        for (let user = 0; user < of.users; user++) {
          const own = all.filter((one) => one.user === user).toSorted((a, b) => a.number - b.number);
          assert.ok(own.length > 0);
          own.reduce((next, session, at) => {
            assert.deepEqual([session.number, session.firstRequest], [at, next]);
            assert.ok(session.requests > 0);
            return next + session.requests;
          }, 0);
        }
      }),
    );
  });
});
