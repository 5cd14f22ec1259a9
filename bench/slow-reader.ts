import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Figures } from "./figures.ts";
import { usageOf } from "./processes.ts";
import type { Scenario } from "./scenarios.ts";
import type { Candidate } from "./stage.ts";
import { frames } from "./target.ts";

const bytesPerTurn = 6_554;
const turnMs = 100;

/**
 * How much memory a proxy takes for answers that come faster than they are read: what it cannot hand on it must not
 * fetch. The buffers between the two sides fill at first; from then on, the second half of the time, nothing may grow.
 */
export async function readSlowly(candidate: Candidate, scenario: Scenario): Promise<Figures> {
  const { place, target, started } = candidate;
  const before = usageOf(started.pid);
  const requests = frames(scenario.request, place.port, target);
  const sockets = requests.slice(0, scenario.connections).map((request) => open(place.port, request));
  const rss: number[] = [];
  let read = 0;
  for (let spentMs = 0; spentMs < scenario.mostMs; spentMs += turnMs) {
    await delay(turnMs);
    for (const socket of sockets) read += socket.read(bytesPerTurn)?.length ?? 0;
    rss.push(usageOf(started.pid).rssBytes / 1_048_576);
  }
  for (const socket of sockets) socket.destroy();
  if (read < bytesPerTurn * sockets.length) throw new Error(`only ${read} bytes came\n${started.words()}`);
  const most = Math.max(...rss);
  const halfway = rss[Math.floor(rss.length / 2)] ?? Number.NaN;
  return {
    rssMb: most,
    rssTakenMb: most - before.rssBytes / 1_048_576,
    rssGrowthMb: (rss.at(-1) ?? Number.NaN) - halfway,
  };
}

/** Nobody listens for its data, so it takes no more from the kernel than it is asked for. */
function open(port: number, request: Buffer): Socket {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
  socket.write(request);
  return socket.pause();
}
