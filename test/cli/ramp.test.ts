import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readArguments } from "../../src/cli/command.ts";
import { ramp } from "../../src/cli/ramp.ts";
import { rampText } from "../../src/cli/ramp-text.ts";
import { screenWidth } from "../../src/cli/screen.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";
import { createIo } from "./io-fixture.ts";

let upstream: ScriptedUpstream;
let assay: TestApp;
before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  const experiment = "    ramp: { profile: small }\n";
  assay = await startTestApp({
    config: configWith({ upstreamUrl: upstream.url, experiment }),
    rampEvaluateMs: 60_000,
  });
});
after(async () => {
  await assay.close();
  await upstream.close();
});

async function run(...argv: string[]): Promise<{ readonly code: number; readonly out: string }> {
  const { io, out } = createIo({ env: { ASSAY_ADMIN_URL: assay.adminUrl } });
  return { code: await ramp.run(readArguments(ramp, argv), io), out: out() };
}

describe("assay ramp", () => {
  test("names the verbs there are, and the one that may have been meant", async () => {
    await assert.rejects(run(), { message: /Say what to do: start, pause/ });
    await assert.rejects(run("statsu", "tone"), { message: /Did you mean "status"\?/ });
  });

  test("says what a start would move, and does nothing", async () => {
    const { out } = await run("start", "tone", "--dry-run");
    assert.match(out, /nothing was done/);
    assert.match(out, /step 1: treatment 10 %, control 10 %; .*0 % change arm/);
    assert.match(out, /complete: treatment 95 %, control 5 %/);
    assert.match((await run("status")).out, /tone: candidate is draft/);
    await assert.rejects(run("replay", "tone"), { message: /never started/ });
  });

  test("starts, shows where it stands, aborts, and replays what was decided", async () => {
    const started = await run("start", "tone", "--reason", "try it", "--by", "ada");
    assert.match(started.out, /tone: candidate is scheduled/);
    const { code, out } = await run("status", "tone", "--json");
    assert.equal(code, 3);
    assert.equal(JSON.parse(out).by, "ada");
    await assert.rejects(run("promote", "tone"), {
      message: /a ramp that is scheduled cannot promote; it can abort/,
    });
    await run("abort", "tone");
    assert.deepEqual(await run("replay", "tone"), {
      code: 0,
      out: "agree: all 2 decisions come out the same\n",
    });
  });

  test("finds a decision that does not follow from what it was made of", async () => {
    const { app } = assay;
    const url = `${assay.adminUrl}/admin/experiments/tone/ramp/decisions`;
    const { decisions } = (await (await fetch(url)).json()) as {
      decisions: { transition: { to: object } }[];
    };
    assert.ok(app);
    const [first] = decisions;
    assert.ok(first);
    first.transition.to = { ...first.transition.to, status: "completed" };
    const { io, out } = createIo({ env: { ASSAY_ADMIN_URL: "http://127.0.0.1:1" } });
    const answered = globalThis.fetch;
    globalThis.fetch = async () => new Response(JSON.stringify({ decisions }));
    try {
      assert.equal(await ramp.run(readArguments(ramp, ["replay", "tone"]), io), 1);
    } finally {
      globalThis.fetch = answered;
    }
    assert.match(out(), /DISAGREE: decision 1 of 2, .*: order: scheduled at step 1, not order: completed/);
  });
});

test("the text of a ramp keeps to its width and obeys no terminal of strangers", () => {
  const escapeSign = String.fromCharCode(27);
  const text = rampText(
    {
      experiment: "tone",
      variant: "candidate",
      status: "holding",
      step: 2,
      steps: 5,
      set_share: 0.05,
      actual_share: 0.01,
      control: "control",
      reason: `error_rate may be worse${escapeSign}[2J than tolerated `.repeat(4),
      by: "ramp",
      readings: {
        units: { treatment: 120, control: 118 },
        requests: { treatment: 300, control: 290 },
        data_problems: [],
        e_value_limit: 40,
        slos: [
          {
            metric: "error_rate",
            verdict: "suspect",
            better: "lower",
            margin: { kind: "relative", value: 0.25 },
            control: 0.01,
            treatment: 0.04,
            e_value: 6.123,
          },
          {
            metric: "latency_p95",
            verdict: "open",
            better: "lower",
            margin: { kind: "absolute", value: 50 },
            control: 900,
            treatment: 950,
            interval: { low: -20, high: 90 },
          },
        ],
      },
      decisions: [
        {
          at: "2026-01-05T12:00:00.000Z",
          rule: "safe_enough",
          from: "observing",
          from_step: 1,
          to: "warming",
          step: 2,
          by: "ramp",
          reason: "within its margins at step 1",
        },
      ],
    },
    { isUnicode: true, isColoured: false },
  );
  assert.match(text, /5 % of the units meet candidate, 1 % in force, the others control/);
  assert.match(
    text,
    /error_rate +suspect +0\.04 against 0\.01; tolerated: 25 % more; e-value 6\.12 \(40 rolls back\)/,
  );
  assert.match(text, /latency_p95 +open +950 against 900; tolerated: 50 more;\s+difference -20 to 90/);
  assert.match(text, /T12:00:00.000Z {2}observing 1 -> warming 2 {2}safe_enough by ramp: within/);
  assert.ok(!text.includes(escapeSign));
  for (const line of text.split("\n"))
    assert.ok(line.length <= screenWidth + 2 || line.includes(" -> "), line);
});
