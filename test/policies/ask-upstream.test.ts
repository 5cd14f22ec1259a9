import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { Canceller } from "../../src/core/canceller.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { AskCall } from "../../src/domain/guardrail.ts";
import { type Asking, askingAt, secretKey } from "../support/asking.ts";
import {
  bodyOf,
  type HostileHandler,
  type HostileUpstream,
  startHostileUpstream,
  wholeAnswer,
} from "../support/hostile-upstream.ts";

let server: HostileUpstream;
let play: HostileHandler = () => undefined;

before(async () => {
  server = await startHostileUpstream((socket, request) => play(socket, request));
});
beforeEach(() => {
  play = (socket) => socket.write(wholeAnswer('{"ok":true}'));
});
after(() => server.close());

const canary = "the user's own words";

function callOf(change: Partial<AskCall> = {}): AskCall {
  return {
    upstream: undefined,
    model: "omni-moderation-latest",
    path: "/moderations",
    body: { input: [canary] },
    signal: new Canceller().signal,
    ...change,
  };
}

/** Runs with upstreams of its own, and counts the requests that it made. */
async function asking(
  use: (asking: Asking, asked: () => number) => Promise<void>,
  options: Parameters<typeof askingAt>[1] = {},
): Promise<void> {
  const given = await askingAt(server.url, options);
  const before = server.requests.length;
  try {
    await use(given, () => server.requests.length - before);
  } finally {
    await given.close();
  }
}

function lastRequest(): { readonly head: string; readonly body: unknown } {
  const bytes = server.requests.at(-1) ?? Buffer.alloc(0);
  const head = bytes.toString("latin1").split("\r\n\r\n", 1)[0] ?? "";
  return { head: head.toLowerCase(), body: JSON.parse(bodyOf(bytes).toString()) };
}

async function failureOf(answer: Promise<unknown>): Promise<Failure> {
  const thrown = await answer.then(
    () => assert.fail("it was answered"),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof Failure, String(thrown));
  return thrown;
}

function causeOf({ details }: Failure): string {
  return details.cause instanceof Failure ? details.cause.code : String(details.cause);
}

describe("a guardrail's question", () => {
  test("goes to the upstream's API with its key and its own name of the model", () =>
    asking(
      async ({ ask }) => {
        assert.deepEqual(await ask(callOf({ model: "watch" })), { ok: true });
        const { head, body } = lastRequest();
        assert.match(head, /^post \/v1\/moderations http\/1\.1\r\n/);
        assert.match(head, new RegExp(`\r\nauthorization: bearer ${secretKey}(\r\n|$)`));
        assert.match(head, /\r\ncontent-type: application\/json/);
        assert.match(head, /\r\naccept-encoding: identity/);
        assert.deepEqual(body, { input: [canary], model: "omni-2024" });
      },
      { models: "models: { watch: { model: omni-2024 } }" },
    ));

  test("goes where the guardrail says, else where the model is, else to the default", () =>
    asking(
      async ({ ask }) => {
        const keyUsed = () => /\r\nauthorization: bearer (\S+)/.exec(lastRequest().head)?.[1];
        await ask(callOf({ model: "watch" }));
        assert.equal(keyUsed(), `${secretKey}-other`);
        await ask(callOf({ model: "unknown" }));
        assert.equal(keyUsed(), secretKey);
        // Another upstream's name for it would mean nothing here.
        await ask(callOf({ model: "watch", upstream: "main" }));
        assert.equal(keyUsed(), secretKey);
        assert.deepEqual(lastRequest().body, { input: [canary], model: "watch" });
      },
      { models: "models: { watch: { upstream: other, model: omni-2024 } }" },
    ));

  test("tells what its answer cost, where the upstream counts", () =>
    asking(async ({ ask, usages }) => {
      await ask(callOf());
      assert.equal(usages.length, 0);
      play = (socket) =>
        socket.write(wholeAnswer('{"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}'));
      await ask(callOf({ model: "judge" }));
      assert.equal(usages.length, 1);
      assert.equal(usages[0]?.upstream, "main");
      assert.equal(usages[0]?.model, "judge");
      assert.equal(usages[0]?.usage.inputTokens, 7);
      assert.equal(usages[0]?.usage.outputTokens, 2);
    }));

  test("is asked once more when its connection was closed under it", () =>
    asking(async ({ ask }, asked) => {
      play = (socket) => {
        if (asked() === 1) socket.resetAndDestroy();
        else socket.write(wholeAnswer('{"ok":true}'));
      };
      assert.deepEqual(await ask(callOf()), { ok: true });
      assert.equal(asked(), 2);
    }));
});

const status = (line: string, headers: readonly string[] = []): HostileHandler => {
  const body = JSON.stringify({ error: { message: `refused: ${canary}` } });
  const answer = wholeAnswer(body, ["content-type: application/json", ...headers]);
  return (socket) => socket.write(answer.replace("200 OK", line));
};
const body = (text: string, headers: readonly string[] = []): HostileHandler => {
  return (socket) => socket.write(wholeAnswer(text, headers));
};

const bad: readonly (readonly [says: string, handler: HostileHandler, cause: string])[] = [
  ["a key that is refused", status("401 Unauthorized"), "upstream_unauthorized"],
  ["a 400", status("400 Bad Request"), "upstream_rejected"],
  ["a 404", status("404 Not Found"), "upstream_model_not_found"],
  ["a 429", status("429 Too Many Requests"), "upstream_rate_limited"],
  ["a 500", status("500 Internal Server Error"), "upstream_error"],
  ["a redirect", status("307 Temporary Redirect", ["location: /v1/elsewhere"]), "upstream_redirected"],
  ["an error in a 200", body(`{"error":{"message":"${canary}"}}`), "upstream_error"],
  ["no JSON", body(`${canary} {`), "upstream_malformed_response"],
  ["nothing", body(""), "upstream_malformed_response"],
  ["an answer beyond a megabyte", body(`"${"x".repeat(1_000_000)}"`), "upstream_response_too_large"],
  [
    "an answer without end",
    (socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(" ".repeat(65_536)));
      };
      socket.on("drain", more);
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      more();
    },
    "upstream_response_too_large",
  ],
  [
    "an encoding that was not asked for",
    (socket) => {
      const packed = gzipSync("{}");
      socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`);
      socket.write(packed);
    },
    "upstream_encoding_refused",
  ],
  [
    "an answer cut short",
    (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"),
    "upstream_stream_interrupted",
  ],
  ["a connection that is reset, twice", (socket) => void socket.resetAndDestroy(), "upstream_reset"],
];

describe("a guardrail's question fails", () => {
  for (const [says, handler, cause] of bad) {
    test(`with ${says}, and quotes nobody`, () =>
      asking(async ({ ask, permits }, asked) => {
        play = handler;
        const failure = await failureOf(ask(callOf()));
        assert.equal(failure.code, "guardrail_failed");
        assert.equal(causeOf(failure), cause);
        assert.equal(asked(), cause === "upstream_reset" ? 2 : 1);
        // As deep as any log may look; the JSON parser quotes the first ten characters.
        assert.doesNotMatch(
          inspect(failure, { depth: 20 }),
          new RegExp(`${canary.slice(0, 8)}|${secretKey}`),
        );
        assert.equal(permits.inFlight.get("main"), 0);
      }));
  }

  test("where nobody listens", async () => {
    const nowhere = await askingAt("http://127.0.0.1:1/v1");
    const failure = await failureOf(nowhere.ask(callOf()));
    assert.equal(failure.code, "guardrail_failed");
    assert.equal(causeOf(failure), "upstream_connect_failed");
    await nowhere.close();
  });
});

/** Plays a server that says nothing, or only begins, and gives the socket of the next question. */
function silent(words = ""): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  play = (socket) => {
    socket.write(words);
    resolve(socket);
  };
  return promise;
}

/** However it closes: a reset is an error to the server. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on("close", () => resolve()));
}

describe("a question that is given up", () => {
  for (const words of ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"]) {
    test(`closes its connection ${words === "" ? "before" : "in the middle of"} the answer`, () =>
      asking(async ({ ask, permits }) => {
        const socket = silent(words);
        const canceller = new Canceller();
        const answer = failureOf(ask(callOf({ signal: canceller.signal })));
        const closed = closeOf(await socket);
        const reason = new Failure("guardrail_failed", "its time is up");
        canceller.abort(reason);
        assert.equal(await answer, reason);
        await closed;
        assert.equal(permits.inFlight.get("main"), 0);
      }));
  }

  test("is not asked at all when that was before", () =>
    asking(async ({ ask }, asked) => {
      const canceller = new Canceller();
      canceller.abort(new Failure("client_cancelled", "gone"));
      await assert.rejects(ask(callOf({ signal: canceller.signal })), { code: "client_cancelled" });
      assert.equal(asked(), 0);
    }));

  const opening = ", breaker: { minimum_calls: 1, failure_ratio: 0 }";
  const giveUp = async ({ ask }: Asking, reason: Failure) => {
    const socket = silent();
    const canceller = new Canceller();
    const answer = failureOf(ask(callOf({ signal: canceller.signal })));
    await socket;
    canceller.abort(reason);
    await answer;
  };

  test("counts against an upstream that was too slow for the guardrail", () =>
    asking(
      async (given) => {
        await giveUp(given, new Failure("guardrail_failed", "its time is up"));
        const failure = await failureOf(given.ask(callOf()));
        assert.equal(causeOf(failure), "breaker_open");
        assert.ok((failure.details.retryAfterMs ?? 0) > 0);
      },
      { main: opening },
    ));

  test("counts against nobody when the client has gone", () =>
    asking(
      async (given) => {
        await giveUp(given, new Failure("client_cancelled", "gone"));
        play = (socket) => socket.write(wholeAnswer("{}"));
        assert.deepEqual(await given.ask(callOf()), {});
      },
      { main: opening },
    ));
});

describe("the circuit of guardrails", () => {
  test("opens for one path and model, and asks nobody while it is open", () =>
    asking(
      async ({ ask, breakers }, asked) => {
        play = status("500 Internal Server Error");
        await failureOf(ask(callOf()));
        await failureOf(ask(callOf()));
        assert.equal(asked(), 2);
        assert.equal(causeOf(await failureOf(ask(callOf()))), "breaker_open");
        assert.equal(asked(), 2);
        play = (socket) => socket.write(wholeAnswer("{}"));
        await ask(callOf({ path: "/chat/completions" }));
        await ask(callOf({ model: "another" }));
        await ask(callOf({ upstream: "other" }));
        const states = breakers.list().map(({ upstream, model, state }) => `${upstream} ${model} ${state}`);
        assert.deepEqual(states, [
          "main guardrail /moderations omni-moderation-latest open",
          "main guardrail /chat/completions omni-moderation-latest closed",
          "main guardrail /moderations another closed",
          "other guardrail /moderations omni-moderation-latest closed",
        ]);
      },
      { main: ", breaker: { minimum_calls: 2, failure_ratio: 0.5 }" },
    ));
});

describe("the permits of guardrails", () => {
  test("are half of the upstream's at most: the traffic keeps the rest", () =>
    asking(
      async ({ ask, permits }) => {
        const sockets: Socket[] = [];
        const { promise, resolve } = Promise.withResolvers<void>();
        play = (socket) => {
          sockets.push(socket);
          if (sockets.length === 2) resolve();
        };
        const answers = [ask(callOf()), ask(callOf())];
        await promise;
        assert.equal(causeOf(await failureOf(ask(callOf()))), "overloaded");
        const traffic = [permits.take("main"), permits.take("main")];
        assert.throws(() => permits.take("main"), { code: "overloaded" });
        for (const socket of sockets) socket.write(wholeAnswer("{}"));
        await Promise.all(answers);
        assert.equal(permits.inFlight.get("main"), 2);
        for (const giveBack of traffic) giveBack();
        play = (socket) => socket.write(wholeAnswer("{}"));
        assert.deepEqual(await ask(callOf()), {});
      },
      { main: ", max_concurrent: 4" },
    ));

  test("are none while the traffic has them all", () =>
    asking(
      async ({ ask, permits }) => {
        const giveBack = permits.take("main");
        assert.equal(causeOf(await failureOf(ask(callOf()))), "overloaded");
        giveBack();
        assert.deepEqual(await ask(callOf()), { ok: true });
      },
      { main: ", max_concurrent: 1" },
    ));
});
