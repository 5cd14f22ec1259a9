/**
 * A client's side: asks about flowers, and later says what they really were.
 * `node examples/iris/traffic.ts [requests]`, while Assay and both models are up.
 */
import { type Flower, readFlowers } from "./flowers.ts";

export interface Traffic {
  /** `http://127.0.0.1:8484/v1` */
  readonly baseUrl: string;
  readonly requests: number;
  readonly seed: number;
}

export interface Tally {
  readonly asked: number;
  readonly right: number;
}

const atOnce = 20;

/** Gives the tally of each variant, as a client sees it. Throws at the first answer that is none. */
export async function sendTraffic({ baseUrl, requests, seed }: Traffic): Promise<ReadonlyMap<string, Tally>> {
  const { unseen } = readFlowers();
  const random = randomFrom(seed);
  const tallies = new Map<string, Tally>();
  for (let sent = 0; sent < requests; sent += atOnce) {
    const flowers = Array.from({ length: Math.min(atOnce, requests - sent) }, () => pick(unseen, random));
    const answers = await Promise.all(flowers.map((flower) => predict(baseUrl, flower)));
    // One outcome at a time works as well; many in one call are one write.
    await post(
      `${baseUrl}/outcomes`,
      answers.map(({ requestId, flower }) => ({
        request_id: requestId,
        metric: "correct",
        label: flower.species,
      })),
    );
    for (const { variant, isRight } of answers) {
      const { asked, right } = tallies.get(variant) ?? { asked: 0, right: 0 };
      tallies.set(variant, { asked: asked + 1, right: right + (isRight ? 1 : 0) });
    }
  }
  return tallies;
}

interface Answered {
  readonly flower: Flower;
  readonly requestId: string;
  readonly variant: string;
  readonly isRight: boolean;
}

async function predict(baseUrl: string, flower: Flower): Promise<Answered> {
  const response = await post(`${baseUrl}/predict/iris`, flower.measures);
  const { prediction } = (await response.json()) as { prediction: string };
  return {
    flower,
    requestId: response.headers.get("x-request-id") ?? "",
    variant: response.headers.get("x-assay-variant") ?? "",
    isRight: prediction === flower.species,
  };
}

async function post(url: string, body: unknown): Promise<Response> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response;
}

function pick(flowers: readonly Flower[], random: () => number): Flower {
  const flower = flowers[Math.floor(random() * flowers.length)];
  if (flower === undefined) throw new Error("there are no flowers");
  return flower;
}

/** Uniform on [0, 1), the same for the same seed: a linear congruential generator (Numerical Recipes, 7.1). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function tallyText(tallies: ReadonlyMap<string, Tally>): string {
  const lines = [...tallies].map(([variant, { asked, right }]) => {
    return `${variant}: ${right} of ${asked} right (${((100 * right) / asked).toFixed(1)} %)\n`;
  });
  return lines.sort().join("");
}

if (import.meta.main) {
  const baseUrl = process.env.ASSAY_URL ?? "http://127.0.0.1:8484/v1";
  const tallies = await sendTraffic({ baseUrl, requests: Number(process.argv[2] ?? 800), seed: 1936 });
  process.stdout.write(tallyText(tallies));
}
