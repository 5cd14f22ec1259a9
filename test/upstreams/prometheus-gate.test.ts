import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { after, before, describe, test } from "node:test";
import type { RampGate } from "../../src/domain/ramp.ts";
import { createGateCaller, type GateCaller } from "../../src/upstreams/prometheus-gate.ts";

let server: Server;
let url: string;
let answer: { status: number; text: string };
let asked: string;
const missed: string[] = [];
let gates: GateCaller;

before(async () => {
  server = createServer((request, response) => {
    asked = "";
    request.setEncoding("utf8").on("data", (piece: string) => {
      asked += piece;
    });
    request.on("end", () => {
      // Never answered: what hangs is given up.
      if (answer.status === 0) return;
      response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.text);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  gates = createGateCaller((_, why) => missed.push(String(why)));
});
after(async () => {
  await gates.close();
  server.closeAllConnections();
  server.close();
});

const gateWith = (change: Partial<RampGate> = {}): RampGate => ({
  url,
  query: 'sum(rate(errors{app="x"}[5m]))',
  compare: "below",
  threshold: 0.5,
  timeoutMs: 2000,
  ...change,
});
const says = (data: unknown, status = 200) => {
  answer = { status, text: JSON.stringify({ status: "success", data }) };
};

describe("the gate of a ramp", () => {
  test("passes or fails by the one value of its query", async () => {
    says({ resultType: "vector", result: [{ metric: {}, value: [1, "0.2"] }] });
    assert.equal(await gates.ask(gateWith()), "passes");
    assert.equal(new URLSearchParams(asked).get("query"), 'sum(rate(errors{app="x"}[5m]))');
    assert.equal(await gates.ask(gateWith({ compare: "above" })), "fails");
    says({ resultType: "scalar", result: [1, "0.7"] });
    assert.equal(await gates.ask(gateWith()), "fails");
    assert.equal(await gates.ask(gateWith({ url: `${url}/`, compare: "above" })), "passes");
  });

  test("is missing for anything else, and says why", async () => {
    const one = { metric: {}, value: [1, "1"] };
    const good = { resultType: "scalar", result: [1, "1"] };
    const cases: readonly [unknown, number][] = [
      [{ resultType: "vector", result: [] }, 200],
      [{ resultType: "vector", result: [one, one] }, 200],
      [{ resultType: "scalar", result: [1, "NaN"] }, 200],
      [{ resultType: "scalar", result: [1, ""] }, 200],
      [{ resultType: "scalar", result: [1, " "] }, 200],
      [{ resultType: "string", result: [1, "0.2"] }, 200],
      [{ result: [1, "0.2"] }, 200],
      [{ resultType: "matrix", result: [[1, "1"]] }, 200],
      [undefined, 200],
      [{ resultType: "scalar", result: [1, "1"] }, 503],
    ];
    for (const [data, status] of cases) {
      says(good, 200);
      await gates.ask(gateWith());
      says(data, status);
      assert.equal(await gates.ask(gateWith()), "missing", JSON.stringify(data));
    }
    answer = { status: 200, text: "<html>" };
    assert.equal(await gates.ask(gateWith()), "missing");
    answer = { status: 200, text: `"${"x".repeat(2_000_000)}"` };
    assert.equal(await gates.ask(gateWith()), "missing");
    answer = { status: 0, text: "" };
    assert.equal(await gates.ask(gateWith({ timeoutMs: 30 })), "missing");
    assert.equal(await gates.ask(gateWith({ url: "http://127.0.0.1:1" })), "missing");
    assert.equal(missed.length, cases.length + 4);
  });

  test("says the same cause once, until it has answered again", async () => {
    const before = missed.length;
    const told = async (status: number) => {
      says({ resultType: "scalar", result: [1, "0.2"] }, status);
      await gates.ask(gateWith());
      return missed.length - before;
    };
    assert.deepEqual([await told(500), await told(500), await told(502)], [1, 1, 2]);
    assert.deepEqual([await told(200), await told(502)], [2, 3]);
    assert.match(missed.at(-1) ?? "", /^it answered 502/);
  });
});
