import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { after, describe, test } from "node:test";
import { Canceller } from "../../src/core/canceller.ts";
import { asFailure, Failure } from "../../src/domain/failure.ts";
import type { UpstreamConfig } from "../../src/domain/upstream-config.ts";
import { type Caller, createCaller } from "../../src/upstreams/caller.ts";
import { guardedLookup } from "../../src/upstreams/guarded-lookup.ts";
import { configOf } from "../config/config-fixture.ts";
import { type HostileUpstream, startHostileUpstream, wholeAnswer } from "../support/hostile-upstream.ts";

const address = (text: string): LookupAddress => ({ address: text, family: text.includes(":") ? 6 : 4 });

/** A resolver whose answers are played one after the other; the last one stays. */
function resolver(...answers: readonly (readonly string[])[]): LookupFunction {
  let asked = 0;
  return (_hostname, _options, callback) => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    callback(null, answer.map(address));
  };
}

/** `ok`, or the code of the refusal. */
function verdict(hostname: string, found: readonly string[], canReachPrivate = false): string {
  let said = "nothing";
  const lookup = guardedLookup({ name: "main", canReachPrivate }, resolver(found));
  lookup(hostname, { all: true }, (error) => {
    said = error === null ? "ok" : asFailure(error).code;
  });
  return said;
}

const refused = "upstream_address_refused";

describe("a name of an upstream", () => {
  const rows: readonly (readonly [host: string, found: string[], usual: string, leave: string])[] = [
    ["api.test", ["93.184.215.14"], "ok", "ok"],
    ["api.test", ["93.184.215.14", "2606:4700::1"], "ok", "ok"],
    ["api.test", ["127.0.0.1"], refused, "ok"],
    ["api.test", ["::1"], refused, "ok"],
    ["api.test", ["10.1.2.3"], refused, "ok"],
    ["api.test", ["fd12::1"], refused, "ok"],
    ["api.test", ["::ffff:10.1.2.3"], refused, "ok"],
    ["api.test", ["93.184.215.14", "10.1.2.3"], refused, "ok"],
    ["api.test", ["169.254.169.254"], refused, refused],
    ["api.test", ["64:ff9b::a9fe:a9fe"], refused, refused],
    ["api.test", ["10.1.2.3", "fe80::1%eth0"], refused, refused],
    ["api.test", ["0.0.0.0"], refused, refused],
    ["api.test", ["224.0.0.1"], refused, refused],
    ["api.test", ["nonsense"], refused, refused],
    ["localhost", ["127.0.0.1", "::1"], "ok", "ok"],
    ["models.localhost", ["127.0.0.1"], "ok", "ok"],
    ["localhost", ["10.1.2.3"], refused, "ok"],
    ["localhost.evil.test", ["127.0.0.1"], refused, "ok"],
  ];
  for (const [host, found, usual, leave] of rows) {
    test(`${host} at ${found.join(" and ")}: ${usual}, with leave ${leave}`, () => {
      assert.equal(verdict(host, found), usual);
      assert.equal(verdict(host, found, true), leave);
    });
  }
});

test("a refusal names host and cure, and does not tell the address to the client", () => {
  guardedLookup({ name: "main", canReachPrivate: false }, resolver(["10.1.2.3"]))("api.test", {}, (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(
      error.message,
      'The host "api.test" of upstream "main" resolves to a private address; set private_network: true on it under upstreams if that is meant.',
    );
    assert.match(String(error.cause), /10\.1\.2\.3/);
    const { status, blamesUpstream, canRetry, canFallback } = error.rule;
    assert.deepEqual([status, blamesUpstream, canRetry, canFallback], [502, true, false, true]);
  });
});

test("one address is given to who asks for one, and the resolver's own failure passes", () => {
  const upstream = { name: "main", canReachPrivate: false };
  guardedLookup(upstream, resolver(["93.184.215.14"]))("api.test", {}, (error, found, family) => {
    assert.deepEqual([error, found, family], [null, "93.184.215.14", 4]);
  });
  const fault = Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  guardedLookup(upstream, (_host, _options, callback) => callback(fault, []))("api.test", {}, (error) => {
    assert.equal(error, fault);
  });
});

describe("a connection", () => {
  const closers: (() => Promise<unknown>)[] = [];
  after(() => Promise.all(closers.map((close) => close())));

  async function serve(
    more: string,
    lookup: LookupFunction,
  ): Promise<{ caller: Caller; server: HostileUpstream }> {
    const server = await startHostileUpstream((socket) => {
      socket.write(`${wholeAnswer("{}", ["connection: close"])}`);
      socket.end();
    });
    const url = `http://rebound.test:${server.port}/v1`;
    const config: UpstreamConfig | undefined = configOf(
      `upstreams: { main: { base_url: "${url}", budgets: { connect_ms: 2000 }${more} } }`,
    ).upstreams.main;
    assert.ok(config);
    const caller = createCaller(config, new URL(url), lookup);
    closers.push(() => caller.close(), server.close);
    return { caller, server };
  }

  /** The status, or the failure's code. */
  function call({ send }: Caller): Promise<string> {
    return new Promise((resolve) => {
      let status = 0;
      send(
        { signal: new Canceller().signal, headers: {} },
        { method: "GET", path: "/v1/models", body: undefined, awaitsContent: false, maxResponseBytes: 1000 },
        () => ({
          head: (answered) => {
            status = answered;
          },
          data: () => {},
          end: () => resolve(String(status)),
          fail: ({ code }) => resolve(code),
        }),
      );
    });
  }

  test("is not made where the name leads into this machine; nothing arrives there", async () => {
    const { caller, server } = await serve("", resolver(["127.0.0.1"]));
    assert.equal(await call(caller), refused);
    assert.equal(await call(caller), refused);
    assert.equal(server.connections(), 0);
  });

  test("is made there with private_network: true", async () => {
    const { caller, server } = await serve(", private_network: true", resolver(["127.0.0.1"]));
    assert.equal(await call(caller), "200");
    assert.equal(server.connections(), 1);
  });

  test("looks again each time: a name that is bound anew between two calls gains nothing", async () => {
    const { caller, server } = await serve(
      ", private_network: true",
      resolver(["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1", "169.254.169.254"]),
    );
    assert.equal(await call(caller), "200");
    assert.equal(await call(caller), refused);
    assert.equal(await call(caller), refused);
    assert.equal(server.connections(), 1);
  });
});
