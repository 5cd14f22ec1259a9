import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { betaEProcess } from "../../src/analysis/e-process.ts";
import type { RampSlo } from "../../src/domain/ramp.ts";
import { rampWith } from "../core/ramp/ramp-fixture.ts";
import { near, nearRelative } from "./near.ts";
import {
  begin,
  failed,
  failing,
  rampPhase,
  readingsOf,
  requests,
  sloOf,
  sloRead,
  succeeded,
  waiting,
} from "./ramp-fixture.ts";
import { asJson, flagsWith, outcomeFact, phase } from "./report-fixture.ts";

describe("failures in a ramp", () => {
  const slo = sloOf("error_rate");

  test("a unit that fails ten times is one piece of evidence", () => {
    const facts = requests(200, (at, isTreatment) => ({
      unit: isTreatment && at < 20 ? 1 : at + 1,
      flags: isTreatment && at < 20 ? failed : succeeded,
    }));
    nearRelative(
      sloRead(slo, { facts }).eValue ?? 0,
      betaEProcess({ failuresTreatment: 1, failures: 1, theta0: 0.6 }),
      1e-9,
    );
  });

  test("steps of one ratio are one process; those of another are multiplied", () => {
    const facts = requests(400, (at, isTreatment) => ({
      phase: at < 200 ? "p1" : "p2",
      flags: at % 20 === (isTreatment ? 0 : 1) && (isTreatment || at < 100) ? failed : succeeded,
    }));
    const read = (second: ReturnType<typeof phase>) =>
      sloRead(slo, { facts, phases: [rampPhase("p1"), second] }).eValue;
    nearRelative(
      read(rampPhase("p2", 0.25)) ?? 0,
      betaEProcess({ failuresTreatment: 20, failures: 25, theta0: 0.6 }),
      1e-9,
    );
    const uneven = phase("p2", { shares: { control: 0.2, candidate: 0.1 } });
    const theta0 = (1.5 * (1 / 3)) / (1.5 * (1 / 3) + 2 / 3);
    nearRelative(
      read(uneven) ?? 0,
      betaEProcess({ failuresTreatment: 10, failures: 15, theta0: 0.6 }) *
        betaEProcess({ failuresTreatment: 10, failures: 10, theta0 }),
      1e-9,
    );
  });

  test("many more are harm, as many are not, and many requests show that they are safe", () => {
    assert.equal(sloRead(slo, { facts: requests(600, failing(1, 0.2, 0.01)) }).verdict, "harm");
    assert.equal(sloRead(slo, { facts: requests(600, failing(2, 0.05, 0.05)) }).verdict, "open");
    assert.equal(sloRead(slo, { facts: requests(20_000, failing(3, 0.05, 0.05)) }).verdict, "safe");
  });

  test("where much fails, the failing units themselves show that the margin is kept", () => {
    assert.equal(sloRead(slo, { facts: requests(8_000, failing(4, 0.3, 0.3)) }).verdict, "safe");
  });

  test("where hardly anything fails, less than a point more is safe", () => {
    assert.equal(sloRead(slo, { facts: requests(10_000, () => ({})) }).verdict, "safe");
  });

  test("α is split among the SLOs: what is harm alone is a suspicion among five", () => {
    // 20 failing units against 2: an e-value of 37.
    const facts = requests(500, (at, isTreatment) => ({
      flags: at < (isTreatment ? 40 : 4) ? failed : succeeded,
    }));
    const others = ["fallback_rate", "refusal_rate", "blocked_rate", "truncation_rate"].map((name) =>
      sloOf(name),
    );
    assert.equal(sloRead(slo, { facts }).verdict, "harm");
    const [among] = readingsOf({ facts, config: rampWith({ slos: [slo, ...others] }) }).slos;
    assert.equal(among?.verdict, "suspect");
  });

  test("an outage of both arms is no evidence", () => {
    const { verdict, eValue } = sloRead(slo, { facts: requests(2_000, failing(6, 0.6, 0.6)) });
    assert.notEqual(verdict, "harm");
    assert.ok((eValue ?? 1) < 1);
  });

  test("while the treatment was killed nothing is compared", () => {
    const facts = requests(600, failing(1, 0.2, 0.01));
    const killed = { ...rampPhase("p1"), killed: ["candidate"] };
    const { slos, units, lastUnits } = readingsOf({ facts, phases: [killed] });
    assert.equal(slos[0]?.verdict, "unknown");
    assert.deepEqual(units, { treatment: 0, control: 0 });
    assert.deepEqual(lastUnits, []);
  });
});

describe("shares, means and outcomes in a ramp", () => {
  test("a share with an absolute margin is harmed beyond it, and safe within", () => {
    const slo = sloOf("success_rate", { better: "higher", margin: { kind: "absolute", value: 0.02 } });
    assert.equal(sloRead(slo, { facts: requests(1_000, failing(1, 0.15, 0.02)) }).verdict, "harm");
    assert.equal(sloRead(slo, { facts: requests(8_000, failing(2, 0.02, 0.02)) }).verdict, "safe");
  });

  test("a mean with a relative margin is judged against the control's own value", () => {
    const slo = sloOf("latency", { margin: { kind: "relative", value: 0.1 } });
    assert.equal(sloRead(slo, { facts: requests(2_000, waiting(1, 1.4)) }).verdict, "harm");
    assert.equal(sloRead(slo, { facts: requests(8_000, waiting(2, 1)) }).verdict, "safe");
    assert.equal(sloRead(slo, { facts: requests(8_000, waiting(3, 1.1)) }).verdict, "open");
  });

  test("a cost that never varies is judged as it stands, once there are enough", () => {
    const slo = sloOf("cost", { margin: { kind: "relative", value: 0.1 } });
    const costing = (factor: number) => (_: number, isTreatment: boolean) => ({
      costUsd: isTreatment ? factor : 1,
    });
    assert.equal(sloRead(slo, { facts: requests(200, costing(1.2)) }).verdict, "harm");
    assert.equal(sloRead(slo, { facts: requests(200, costing(1.05)) }).verdict, "safe");
    const warm = rampWith({ slos: [slo], warmUpRequests: 0 });
    assert.equal(readingsOf({ facts: requests(20, costing(1.2)), config: warm }).slos[0]?.verdict, "unknown");
  });

  test("what comes before the treatment is warm counts for no latency, in either arm, but for failures", () => {
    const facts = requests(400, (at, isTreatment) => ({
      latencyMs: at < 99 ? 100_000 : 100 + (at % 7),
      flags: at < 20 && isTreatment ? failed : succeeded,
    }));
    const slos = [sloOf("latency"), sloOf("error_rate")];
    const [latency, errors] = readingsOf({ facts, config: rampWith({ slos, warmUpRequests: 50 }) }).slos;
    near(latency?.control ?? 0, 103, 1);
    near(latency?.treatment ?? 0, 103, 1);
    near(errors?.treatment ?? 0, 10 / 200, 1e-12);
  });

  test("an outcome that the treatment loses is harm", () => {
    const slo = sloOf("thumb", { better: "higher", margin: { kind: "absolute", value: 0.05 } });
    const facts = requests(2_000, () => ({}));
    const outcomes = facts.map(({ row, assigned }) => {
      const value = row % 10 < (assigned === "control" ? 8 : 4) ? 1 : 0;
      return outcomeFact({ row, metric: "thumb", at: begin + 1_000 * row, requestRow: row, value });
    });
    assert.equal(sloRead(slo, { facts, outcomes }).verdict, "harm");
    assert.equal(sloRead(slo, { facts }).verdict, "unknown");
  });

  test("an SLO without a definition is unknown, and says so", () => {
    const { verdict, reason } = sloRead(sloOf("joy"), { facts: requests(100, () => ({})) });
    assert.deepEqual([verdict, reason], ["unknown", "the metric has no definition"]);
  });
});

describe("quantiles in a ramp", () => {
  const slo = sloOf("latency_p95", { margin: { kind: "relative", value: 0.1 } });

  test("30 % slower is harm, as slow is safe, and few units are unknown", () => {
    assert.equal(sloRead(slo, { facts: requests(6_000, waiting(1, 1.3)) }).verdict, "harm");
    assert.equal(sloRead(slo, { facts: requests(30_000, waiting(2, 1)) }).verdict, "safe");
    assert.equal(sloRead(slo, { facts: requests(140, waiting(3, 1)) }).verdict, "unknown");
  });

  test("it is carried over the steps, each unit counted once", () => {
    const slow = waiting(1, 1.3);
    const facts = requests(6_000, (at, isTreatment) => ({
      ...slow(at, isTreatment),
      phase: at < 3_000 ? "p1" : "p2",
    }));
    const phases = [rampPhase("p1"), rampPhase("p2", 0.25)];
    assert.equal(sloRead(slo, { facts, phases }).verdict, "harm");
    const returning = facts.map((fact) => ({ ...fact, unit: fact.unit % 140 }));
    assert.equal(sloRead(slo, { facts: returning, phases }).verdict, "unknown");
  });

  test("units that came while caches were cold count from their first warm request", () => {
    const facts = requests(800, (at) => ({ unit: at % 400, latencyMs: at < 400 ? 9_000 : 500 }));
    const cold = rampWith({ slos: [slo], warmUpRequests: 200 });
    assert.equal(readingsOf({ facts, config: cold }).slos[0]?.treatment, 500);
    assert.equal(
      readingsOf({ facts, config: rampWith({ slos: [slo], warmUpRequests: 0 }) }).slos[0]?.treatment,
      9_000,
    );
  });

  test("an absolute margin is in milliseconds", () => {
    const within = (value: number): RampSlo => ({ ...slo, margin: { kind: "absolute", value } });
    const facts = requests(6_000, waiting(1, 1.3));
    assert.equal(sloRead(within(10), { facts }).verdict, "harm");
    assert.equal(sloRead(within(2_000), { facts }).verdict, "safe");
  });
});

describe("the newest requests of a ramp", () => {
  test("a ceiling is broken when both arms have passed it of late, however good they were before", () => {
    const slo = sloOf("error_rate", { ceiling: 0.2 });
    const outage = (arms: "both" | "treatment") =>
      requests(4_000, (at, isTreatment) => ({
        flags: at > 3_750 && (isTreatment || arms === "both") && at % 3 > 0 ? failed : succeeded,
      }));
    assert.equal(sloRead(slo, { facts: outage("both") }).isBrokenInBoth, true);
    assert.equal(sloRead(slo, { facts: outage("treatment") }).isBrokenInBoth, false);
    assert.equal(sloRead(sloOf("error_rate"), { facts: outage("both") }).isBrokenInBoth, false);
  });

  test("what an outage of both arms did is no evidence, and what came before and after it is", () => {
    const slo = sloOf("error_rate", { ceiling: 0.2 });
    // In the outage the treatment is hit harder by chance; before and after it both fail alike.
    const isOut = (at: number) => at >= 600 && at < 1400;
    const facts = requests(2000, (at, isTreatment) => ({
      flags: (isOut(at) ? at % 10 < (isTreatment ? 9 : 4) : at % 20 < 2) ? failed : succeeded,
    }));
    const [whole, beside] = [sloOf("error_rate"), slo].map((one) => sloRead(one, { facts }));
    assert.equal(whole?.verdict, "harm");
    assert.notEqual(beside?.verdict, "harm");
    assert.ok((beside?.treatment ?? 1) < 0.2 && (beside?.control ?? 1) < 0.2);
  });

  test("a ceiling that both arms always pass hides no treatment that breaks", () => {
    const slo = sloOf("error_rate", { ceiling: 0.05 });
    // The control passes it again and again: one request in ten fails, and never fewer of the last 30.
    const facts = (count: number) =>
      requests(count, (at, isTreatment) => ({
        flags: Math.floor(at / 2) % 10 === 0 || (isTreatment && at % 3 > 0) ? failed : succeeded,
      }));
    assert.notEqual(sloRead(slo, { facts: facts(100) }).verdict, "harm");
    assert.equal(sloRead(slo, { facts: facts(600) }).verdict, "harm");
    // What shows at α and not at a hundredth of it is the outage's.
    const counts = Array.from({ length: 100 }, (_, at) => 100 + 4 * at);
    const plain = counts.find(
      (count) => sloRead(sloOf("error_rate"), { facts: facts(count) }).verdict === "harm",
    );
    const beside = counts.find((count) => sloRead(slo, { facts: facts(count) }).verdict === "harm");
    assert.ok(plain !== undefined && beside !== undefined && beside > plain, `${plain} ${beside}`);
  });

  test("an outcome's ceiling is held against the whole ramp, and sessions know no outage", () => {
    const facts = requests(600, (at) => ({ session: at + 1, costUsd: 0.001 }));
    const answered = (share: number) =>
      facts.map(({ row }) =>
        outcomeFact({
          row,
          metric: "thumb",
          at: begin + 1_000 * row,
          requestRow: row,
          value: row % 10 < share ? 1 : 0,
        }),
      );
    const thumb = sloOf("thumb", {
      better: "higher",
      margin: { kind: "absolute", value: 0.05 },
      ceiling: 0.5,
    });
    assert.equal(sloRead(thumb, { facts, outcomes: answered(4) }).isBrokenInBoth, true);
    assert.equal(sloRead(thumb, { facts, outcomes: answered(6) }).isBrokenInBoth, false);
    const all = facts.map((fact, at) => ({
      ...fact,
      inputTokens: at,
      flags: at % 10 < 4 ? failed : succeeded,
    }));
    const read = (tokens: number | undefined, errors: number | undefined) =>
      readingsOf({
        config: rampWith({
          slos: [sloOf("tokens_per_session", { ceiling: tokens }), sloOf("error_rate", { ceiling: errors })],
        }),
        facts: all,
      }).slos;
    const [plain, beside] = [read(undefined, undefined), read(0.5, 0.2)];
    assert.equal(beside[0]?.isBrokenInBoth, true);
    assert.ok(plain[0]?.control !== undefined);
    assert.equal(beside[0]?.control, plain[0].control);
    assert.deepEqual(read(0.5, undefined)[1], plain[1]);
  });

  test("a ceiling that more is better than is passed from above", () => {
    const each = (share: number) => (at: number) => ({ flags: at % 20 < share / 5 ? succeeded : failed });
    const slo = sloOf("success_rate", { better: "higher", ceiling: 0.5 });
    assert.equal(sloRead(slo, { facts: requests(400, each(40)) }).isBrokenInBoth, true);
    assert.equal(sloRead(slo, { facts: requests(400, each(60)) }).isBrokenInBoth, false);
  });

  test("a ceiling of latencies is in milliseconds, on any scale", () => {
    const facts = requests(400, () => ({ latencyMs: 900 }));
    for (const metric of ["latency", "latency_log", "latency_p95"]) {
      assert.equal(sloRead(sloOf(metric, { ceiling: 899 }), { facts }).isBrokenInBoth, true, metric);
      assert.equal(sloRead(sloOf(metric, { ceiling: 901 }), { facts }).isBrokenInBoth, false, metric);
    }
  });

  test("the last units are told by their newest requests that ended, twenty of each arm, newest last", () => {
    const facts = requests(100, (at, isTreatment) => ({
      unit: at < 98 ? at + 1 : 79,
      assigned: at >= 98 || isTreatment ? "candidate" : "control",
      // Unit 79 failed before, too: it counts once.
      flags: at === 98 || at === 78 ? failed : at === 99 ? flagsWith("cancelled") : succeeded,
    }));
    const { lastUnits } = readingsOf({ facts });
    assert.equal(lastUnits.filter(({ isTreatment }) => isTreatment).length, 20);
    assert.equal(lastUnits.length, 40);
    assert.deepEqual(lastUnits.at(-1), { isTreatment: true, hasFailed: true });
    assert.equal(lastUnits.filter(({ hasFailed }) => hasFailed).length, 1);
  });

  test("a refusal, a block, a fallback and an answer that fits no schema are failures of a unit", () => {
    for (const flag of ["refusal", "blocked", "fallback", "schemaEvaluated"] as const) {
      const facts = requests(2, () => ({ flags: flagsWith("success", flag) }));
      assert.deepEqual(
        readingsOf({ facts }).lastUnits.map(({ hasFailed }) => hasFailed),
        [true, true],
        flag,
      );
    }
    const passed = requests(2, () => ({ flags: flagsWith("success", "schemaEvaluated", "schemaPassed") }));
    assert.deepEqual(
      readingsOf({ facts: passed }).lastUnits.map(({ hasFailed }) => hasFailed),
      [false, false],
    );
  });

  test("units and requests are counted since the step began, and an arm that fell silent is not fresh", () => {
    const facts = requests(400, (at, isTreatment) => ({
      unit: Math.floor(at / 4) * 2 + (isTreatment ? 1 : 0),
    }));
    const { units, requests: counted, isFresh } = readingsOf({ facts, stepStartedAt: begin + 200_000 });
    assert.deepEqual(units, { treatment: 50, control: 50 });
    assert.deepEqual(counted, { treatment: 100, control: 100 });
    assert.equal(isFresh, true);
    const lastAt = facts.at(-1)?.receivedAt ?? 0;
    assert.equal(readingsOf({ facts, now: lastAt + 60_000 }).isFresh, false);
    const silent = facts.filter(({ assigned, row }) => assigned === "control" || row < 300);
    assert.equal(readingsOf({ facts: silent }).isFresh, false);
  });

  test("an arm that was never heard of is silent, and so is one of which a few requests came once", () => {
    const hourMs = 3_600_000;
    assert.equal(readingsOf({ now: begin + hourMs }).isFresh, false);
    const ofOne = requests(400, () => ({})).filter(({ assigned }) => assigned === "control");
    assert.equal(readingsOf({ facts: ofOne }).isFresh, false);
    assert.equal(readingsOf({ facts: requests(8, () => ({})), now: begin + hourMs }).isFresh, false);
    const rare = requests(8, (at) => ({ receivedAt: begin + 0.1 * hourMs * at }));
    assert.equal(readingsOf({ facts: rare, now: begin + hourMs }).isFresh, true);
  });

  test("an arm is heard of when its answers end, however long they take", () => {
    const facts = requests(400, () => ({ latencyMs: 600_000 }));
    const now = (facts.at(-1)?.receivedAt ?? 0) + 601_000;
    const { isFresh, dataProblems } = readingsOf({ facts, now });
    assert.equal(isFresh, true);
    assert.deepEqual(dataProblems, []);
  });
});

describe("data that a ramp must not go by", () => {
  const plain = requests(2_000, () => ({}));

  test("nothing is wrong with ordinary ones", () => {
    assert.deepEqual(readingsOf({ facts: plain }).dataProblems, []);
    assert.deepEqual(readingsOf({}).dataProblems, []);
  });

  test("units that are lost by variant, in the phase where they are", () => {
    const facts = plain.filter(({ row, assigned }) => assigned === "control" || row % 3 !== 0);
    assert.match(readingsOf({ facts }).dataProblems.join(), /sample ratio mismatch in phase p1/);
  });

  test("nor are they that would be found at one look in a thousand: there are thousands of looks", () => {
    const facts = requests(2_000, (at) => ({ assigned: at < 922 ? "candidate" : "control" }));
    assert.deepEqual(readingsOf({ facts }).dataProblems, []);
  });

  test("a silence of many times the usual gap, and of five minutes at least", () => {
    const last = plain.at(-1);
    const lastAt = (last?.receivedAt ?? 0) + (last?.latencyMs ?? 0);
    assert.deepEqual(readingsOf({ facts: plain, now: lastAt + 300_000 }).dataProblems, []);
    assert.match(
      readingsOf({ facts: plain, now: lastAt + 300_001 }).dataProblems.join(),
      /no record for 5 minutes/,
    );
    const rare = plain.map((fact) => ({ ...fact, receivedAt: begin + 120_000 * fact.row }));
    assert.deepEqual(readingsOf({ facts: rare, now: begin + 120_000 * 2_015 }).dataProblems, []);
  });

  test("more than 5 % of an arm's last requests rate-limited", () => {
    const limited = (share: number) =>
      requests(400, (at, isTreatment) => ({
        flags: isTreatment && at % 200 < 200 * share ? flagsWith("error", "rateLimited") : succeeded,
      }));
    assert.match(
      readingsOf({ facts: limited(0.06) }).dataProblems.join(),
      /6 % of the treatment's last requests were rate-limited/,
    );
    assert.deepEqual(readingsOf({ facts: limited(0.05) }).dataProblems, []);
  });

  test("lost records, and outcomes that go missing by variant", () => {
    const boots = [
      {
        instance: "a",
        boot: "1",
        startedAt: begin,
        aliveAt: begin + 1e9,
        isClosed: false,
        lastSequence: 2_100,
        rows: 2_000,
      },
    ];
    assert.match(readingsOf({ facts: plain, boots }).dataProblems.join(), /100 of 2100 records were lost/);
    const config = rampWith({ slos: [sloOf("thumb", { better: "higher" })] });
    const outcomes = plain
      .filter(({ row, assigned }) => assigned === "control" || row % 4 === 1)
      .map(({ row }) =>
        outcomeFact({ row, metric: "thumb", at: begin + 1_000 * row, requestRow: row, value: row % 2 }),
      );
    assert.match(
      readingsOf({ facts: plain, outcomes, config }).dataProblems.join(),
      /outcomes of "thumb" come from/,
    );
  });
});

test("readings are numbers that JSON can carry, from the first request on", () => {
  const slos = ["error_rate", "success_rate", "latency", "latency_p95", "latency_log", "cost", "thumb"].map(
    (name) => sloOf(name),
  );
  for (const count of [0, 1, 2, 3, 10, 200, 2_000]) {
    const readings = readingsOf({
      facts: requests(count, failing(count, 0.5, 0)),
      config: rampWith({ slos }),
    });
    const numbers = JSON.stringify(readings, (_, value) =>
      typeof value === "number" && !Number.isFinite(value) ? "lost" : value,
    );
    assert.doesNotMatch(numbers, /"lost"/);
    assert.deepEqual(asJson(readings), asJson(asJson(readings)));
  }
});
