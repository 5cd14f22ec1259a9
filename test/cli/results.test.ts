import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { readArguments } from "../../src/cli/command.ts";
import { intervalGlyph } from "../../src/cli/interval-glyph.ts";
import { readReport } from "../../src/cli/read-report.ts";
import { results } from "../../src/cli/results.ts";
import { resultsText } from "../../src/cli/results-text.ts";
import { type Screen, screenOf, screenWidth } from "../../src/cli/screen.ts";
import type { ExperimentReport } from "../../src/domain/report.ts";
import { createIo } from "./io-fixture.ts";
import * as reports from "./report-fixture.ts";

const unicode: Screen = { isUnicode: true, isColoured: false };
const escapeSign = String.fromCharCode(27);
const ascii: Screen = { isUnicode: false, isColoured: false };

/** The texts are read by people: `UPDATE_GOLDEN=1` writes them anew, and the diff is what is reviewed. */
function assertGolden(name: string, text: string): void {
  const path = join(import.meta.dirname, "golden", `results-${name}.txt`);
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, text);
  assert.equal(text, readFileSync(path, "utf8"));
}

describe("the text of a report", () => {
  const situations: Readonly<Record<string, ExperimentReport>> = {
    ship: reports.ship,
    "roll-back": reports.rollBack,
    "keep-running": reports.keepRunning,
    "below-the-floor": reports.belowTheFloor,
    "sample-ratio-mismatch": reports.mismatch,
    "three-variants": reports.threeVariants,
    "nothing-yet": reports.empty,
  };
  for (const [name, report] of Object.entries(situations)) {
    test(`is as reviewed: ${name}`, () => {
      assertGolden(name, resultsText(report, { screen: unicode, isAll: false }));
    });
  }

  test("shows with --all what is only watched, and every other look at an effect", () => {
    assertGolden("all", resultsText(reports.ship, { screen: unicode, isAll: true }));
  });

  test("degrades to ASCII", () => {
    const text = resultsText(reports.keepRunning, { screen: ascii, isAll: true });
    assert.match(text, /^[\x20-\x7e\n]*$/);
    assertGolden("ascii", text);
  });

  test("is at most 100 columns wide, whatever the report", () => {
    const bare = { ...reports.empty, metrics: [] };
    const all = [...Object.values(situations), bare].flatMap((report) =>
      [true, false].map((isAll) => ({ report, isAll })),
    );
    for (const { report, isAll } of all) {
      for (const screen of [unicode, ascii]) {
        const lines = resultsText(report, { screen, isAll }).split("\n");
        assert.deepEqual(
          lines.filter((line) => line.length > screenWidth),
          [],
        );
      }
    }
  });

  test("shows the fixed interval only with --all, once the planned size is reached", () => {
    const text = (report: ExperimentReport, isAll: boolean) =>
      resultsText(report, { screen: unicode, isAll });
    const line = /^ {4}fixed, valid once: \+3\.1 \[\+0\.9, \+5\.3\] points, p 0\.0021$/m;
    assert.match(text(reports.threeVariants, true), line);
    for (const early of [text(reports.threeVariants, false), text(reports.ship, true)]) {
      assert.doesNotMatch(early, /fixed/);
    }
  });

  test("shows what the verdict goes by also after the planned size", () => {
    const [resolved] = reports.threeVariants.metrics;
    const [first] = resolved?.comparisons ?? [];
    assert.ok(resolved !== undefined && first !== undefined);
    const report = {
      ...reports.threeVariants,
      metrics: [{ ...resolved, comparisons: [{ ...first, fixed: reports.estimate(0.5, 0.1, 0.5) }] }],
    };
    const text = resultsText(report, { screen: unicode, isAll: false });
    assert.match(text, /better +\+3\.1 \[\+0\.9, \+5\.3\] points .*p 0\.0042 always valid/);
  });

  test("prints no p-value of a guardrail: none is of its margin", () => {
    const guardrails = reports.ship.metrics.filter(({ role }) => role === "guardrail");
    const report = { ...reports.ship, metrics: guardrails };
    const text = resultsText(report, { screen: unicode, isAll: true });
    assert.match(text, /within margin/);
    assert.doesNotMatch(text.slice(text.indexOf("guardrails\n")), /\bp [<>\d]/);
  });

  test("calls a sample ratio unusual before it calls it a mismatch", () => {
    const { sampleRatio } = reports.ship.soundness;
    assert.ok(sampleRatio.kind === "sample_ratio");
    const said = (pValue: number) => {
      const soundness = { ...reports.ship.soundness, sampleRatio: { ...sampleRatio, pValue } };
      return resultsText({ ...reports.ship, soundness }, { screen: unicode, isAll: false });
    };
    assert.match(said(0.01), /^ {2}✓ traffic matches the allocation \(p 0\.01\)/m);
    assert.match(said(0.0099), /^ {2}· .*p 0\.0099, unusual, not yet a mismatch; 0 records lost$/m);
  });

  test("does not call records safe after a crash", () => {
    const soundness = { ...reports.ship.soundness, crashedBoots: 2 };
    const text = resultsText({ ...reports.ship, soundness }, { screen: unicode, isAll: false });
    assert.match(text, /^ {2}! traffic matches/m);
    const line = text.replace(/\n +/g, " ");
    assert.match(
      line,
      /; 0 records known to be lost; what the last commit interval before each of 2 crashes held may be missing/,
    );
  });

  test("says in one line what to declare where there is no goal", () => {
    const text = resultsText({ ...reports.empty, metrics: [] }, { screen: unicode, isAll: false });
    assert.equal(text.match(/^No goal: declare analysis\.goals.*--all.*$/gm)?.length, 1);
    assert.doesNotMatch(text, /plain tests|interval/);
  });

  test("colours the verdict, and nothing without a terminal or with NO_COLOR", () => {
    const [red, plain] = [`${escapeSign}[31m`, "Roll "];
    const colours = (env: Record<string, string>, isTerminal: boolean) => {
      const screen = screenOf(env, isTerminal);
      return resultsText(reports.rollBack, { screen, isAll: false }).slice(0, 5);
    };
    assert.equal(colours({ LANG: "C.UTF-8" }, true), red);
    assert.equal(colours({ LANG: "C.UTF-8" }, false), plain);
    assert.equal(colours({ NO_COLOR: "1" }, true), plain);
    assert.equal(colours({ NO_COLOR: "" }, true), red);
    assert.equal(colours({ TERM: "dumb" }, true), plain);
  });

  test("takes the locale as POSIX does", () => {
    assert.equal(screenOf({ LANG: "de_DE.UTF-8" }, false).isUnicode, true);
    assert.equal(screenOf({ LANG: "de_DE.UTF-8", LC_ALL: "C" }, false).isUnicode, false);
    assert.equal(screenOf({ LANG: "C", LC_ALL: "", LC_CTYPE: "en_US.utf8" }, false).isUnicode, true);
    assert.equal(screenOf({}, false).isUnicode, false);
  });

  test("hands a terminal nothing that it would obey", () => {
    const evil = "tone\x1b]0;owned\x07\u202e\r\nDone";
    const report = { ...reports.ship, description: evil, notes: [evil], experimentId: evil };
    const text = resultsText(report, { screen: unicode, isAll: true });
    assert.deepEqual(text.match(/[^\P{C}\n]/gu), null);
  });
});

describe("an interval's glyph", () => {
  const glyph = (bounds: readonly [number, number, number], margin?: number, screen = unicode) => {
    const [low, value, high] = bounds;
    return intervalGlyph({ value, interval: { low, high }, margin, width: 13 }, screen);
  };

  test("has zero in the middle and the farthest bound at an edge", () => {
    assert.equal(glyph([2, 4, 6]), "      │ ──●──");
    assert.equal(glyph([-6, -4, -2]), "──●── │      ");
    assert.equal(glyph([-2, 2, 6]), "    ──┼─●────");
  });

  test("marks the margin, which may be what the scale is of", () => {
    assert.equal(glyph([-1, 1, 3], 6), "     ─┼●──  ┊");
    assert.equal(glyph([-1, 1, 3], -6, ascii), ":    -+*--   ");
  });

  test("ends with an arrow what has no bound", () => {
    const none = Number.POSITIVE_INFINITY;
    assert.equal(glyph([-none, 3, none], 6), "◂─────┼──●──▸");
    assert.equal(glyph([-none, 0, none], undefined, ascii), "<-----*----->");
  });

  test("is as wide as it was asked to be, for any interval", () => {
    const number = fc.double({ noNaN: true });
    fc.assert(
      fc.property(
        number,
        number,
        number,
        fc.option(number, { nil: undefined }),
        (one, two, three, margin) => {
          const [low, value, high] = [one, two, three].toSorted((a, b) => a - b) as [number, number, number];
          assert.equal(glyph([low, value, high], margin).length, 13);
        },
      ),
    );
  });
});

describe("assay results", () => {
  let server: Server;
  let base = "";
  let answers: { status: number; body: unknown }[] = [];
  const asked: string[] = [];

  before(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      response.writeHead(answer?.status ?? 500, { "content-type": "application/json" });
      response.end(JSON.stringify(answer?.body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    base = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
  });
  after(() => server.close());

  const run = async (argv: readonly string[], io = createIo()) => {
    const args = readArguments(results, [...argv, "--admin", base]);
    return { code: await results.run(args, io.io), out: io.out(), err: io.err() };
  };

  const ends: readonly (readonly [string, number, ExperimentReport])[] = [
    ["ship", 0, reports.ship],
    ["roll back", 1, reports.rollBack],
    ["keep running", 3, reports.keepRunning],
    ["inconclusive", 3, reports.mismatch],
  ];
  for (const [verdict, code, report] of ends) {
    test(`ends with ${code} on ${verdict}`, async () => {
      answers = [{ status: 200, body: report }];
      const ran = await run(["support-reply"]);
      assert.equal(ran.code, code);
      assert.equal(ran.err, "");
    });
  }

  test("shows what the server said, in which null stands for what is not finite", async () => {
    answers = [{ status: 200, body: reports.keepRunning }];
    const { out } = await run(["support reply/é"]);
    assert.equal(asked.at(-1), "/admin/experiments/support%20reply%2F%C3%A9/results?metrics=used");
    assert.equal(out, resultsText(reports.keepRunning, { screen: unicode, isAll: false }));
    assert.match(out, /\+123 \[-∞, \+∞\] ms/);
  });

  test("asks with --all for what is only watched too", async () => {
    answers = [{ status: 200, body: reports.ship }];
    const { out } = await run(["support-reply", "--all"]);
    assert.equal(asked.at(-1), "/admin/experiments/support-reply/results?metrics=all");
    assert.equal(out, resultsText(reports.ship, { screen: unicode, isAll: true }));
  });

  test("passes the server's JSON on as it is", async () => {
    answers = [{ status: 200, body: { ...reports.rollBack, future: null } }];
    const { out, code } = await run(["support-reply", "--json"]);
    assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify({ ...reports.rollBack, future: null })));
    assert.equal(code, 1);
  });

  test("gives the server's own words for an unknown experiment", async () => {
    const message = 'There is no experiment "support-repli". Did you mean "support-reply"?';
    answers = [{ status: 404, body: { error: { message } } }];
    await assert.rejects(run(["support-repli"]), { code: "invalid_value", message });
  });

  test("refuses an answer that is no report", async () => {
    for (const body of [
      {},
      { ...reports.ship, metrics: 1 },
      { ...reports.ship, decision: { verdict: "win" } },
    ]) {
      answers = [{ status: 200, body }];
      await assert.rejects(run(["support-reply"]), { code: "invalid_value", message: /another version/ });
    }
  });

  test("takes the server's experiment where there is one only, and names those to choose from", async () => {
    answers = [
      { status: 200, body: { experiments: [{ id: "support-reply" }] } },
      { status: 200, body: reports.ship },
    ];
    assert.equal((await run([])).code, 0);
    assert.deepEqual(asked.slice(-2), [
      "/admin/experiments",
      "/admin/experiments/support-reply/results?metrics=used",
    ]);
    const refused: [string[], RegExp][] = [
      [[], /^The server has no experiment; add one/],
      [["tone", "talk"], /^Name the experiment: assay results EXPERIMENT\. There are: tone, talk\.$/],
    ];
    for (const [ids, message] of refused) {
      answers = [{ status: 200, body: { experiments: ids.map((id) => ({ id })) } }];
      await assert.rejects(run([]), { code: "missing_required_parameter", message });
    }
  });

  test("wants a sensible time between two looks", async () => {
    for (const text of ["0", "-1", "soon", "1e9"]) {
      await assert.rejects(run(["x", `--watch=${text}`]), { message: new RegExp(`it was "${text}"`) });
    }
  });

  test("reads --watch with and without a value", () => {
    const watchOf = (...argv: string[]) => readArguments(results, argv);
    assert.equal(watchOf("x", "--watch").text("watch"), "");
    assert.deepEqual(watchOf("--watch", "x").positionals, ["x"]);
    assert.equal(watchOf("x", "--watch=60").text("watch"), "60");
    assert.equal(watchOf("x").text("watch"), undefined);
    assert.deepEqual(watchOf("--", "--watch").positionals, ["--watch"]);
  });

  test("watches into a pipe with the time before each report, and with nothing between two of JSON", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const watched = async (...argv: string[]) => {
      answers = [{ status: 200, body: reports.ship }];
      let seen = "";
      let wake = () => {};
      const io = createIo({
        out: (text) => {
          seen += text;
          setImmediate(() => wake());
        },
      });
      const shown = () => new Promise<void>((resolve) => (wake = resolve));
      const first = shown();
      const ended = run(["support-reply", "--watch", ...argv], io);
      await first;
      const second = shown();
      t.mock.timers.tick(5000);
      await second;
      process.emit("SIGINT");
      await ended;
      return seen;
    };
    const [nothing, ...looks] = (await watched()).split(/^=== \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n/m);
    const text = resultsText(reports.ship, { screen: unicode, isAll: false });
    assert.deepEqual([nothing, ...looks], ["", text, text]);
    const lines = (await watched("--json")).trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).experimentId),
      ["support-reply", "support-reply"],
    );
  });

  test("watches until Ctrl-C, over a server that is away, and ends by the last verdict", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    answers = [
      { status: 200, body: reports.keepRunning },
      { status: 503, body: { error: { message: "The store is away." } } },
      { status: 200, body: reports.rollBack },
    ];
    let seen = "";
    const happened: (() => void)[] = [];
    const next = () => new Promise<void>((resolve) => happened.push(resolve));
    let isNoted = false;
    // As a stream's write does, it gives a value, which means nothing here.
    const note = (text: string) => {
      seen += text;
      if (isNoted) return true;
      isNoted = true;
      // The look's own wait begins after all that it writes.
      setImmediate(() => {
        isNoted = false;
        happened.shift()?.();
      });
      return true;
    };
    const io = createIo({ isOutTerminal: true, out: note, err: note });
    const [first, second, third] = [next(), next(), next()];
    const ended = run(["support-reply", "--watch"], io);
    await first;
    t.mock.timers.tick(5000);
    await second;
    t.mock.timers.tick(5000);
    await third;
    process.emit("SIGINT");
    assert.equal((await ended).code, 1);
    const [nothing, early, kept, late] = seen.split(`${escapeSign}[H${escapeSign}[2J${escapeSign}[3J`);
    assert.equal(nothing, "");
    assert.equal(kept, `${early}The store is away.\n`);
    assert.match(late ?? "", /^.*Roll back/);
  });
});

test("a report is read back from its own JSON", () => {
  const back = readReport(JSON.parse(JSON.stringify(reports.keepRunning)));
  const [, latency] = back.metrics;
  const estimate = latency?.comparisons[0]?.sequence;
  assert.deepEqual(estimate?.kind === "estimate" && estimate.interval, {
    low: Number.NEGATIVE_INFINITY,
    high: Number.POSITIVE_INFINITY,
  });
});
