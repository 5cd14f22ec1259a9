/** `GET /v1/models`: the upstream's models and our experiments in one list, so that pickers find both. */
import { isObject } from "../core/chat-completion.ts";
import type { CancelSignal, ForwardAnswer, Upstream } from "../domain/chat.ts";
import type { Revision } from "../domain/config.ts";
import { Failure } from "../domain/failure.ts";

interface ModelEntry {
  readonly id: string;
  readonly object: "model";
  readonly created: number;
  readonly owned_by: string;
}

/** Experiments and prompts of this revision, each under every name that callers may use; predictions are no chat models. */
export function ownModels(revision: Revision): ModelEntry[] {
  const created = Math.floor(revision.loadedAt / 1000);
  const entry = (id: string, owner: string): ModelEntry => ({
    id,
    object: "model",
    created,
    owned_by: owner,
  });
  const { config } = revision;
  const chats = Object.values(config.experiments).filter(({ predict }) => predict === undefined);
  const experiments = chats.flatMap((experiment) => [
    entry(`experiment/${experiment.id}`, "assay"),
    ...experiment.matchModels.map((model) => entry(model, "assay")),
  ]);
  const prompts = [...revision.prompts.keys()].map((name) => entry(`prompt/${name}`, "assay"));
  const models = Object.entries(config.models)
    .filter(([, { upstream }]) => config.upstreams[upstream]?.dialect !== "json")
    .map(([name]) => entry(name, "assay"));
  return [...experiments, ...prompts, ...models];
}

/** Ours first, of all those that the caller may see. An upstream that does not answer leaves ours standing: a picker is no reason to fail. */
export async function allModels(
  revision: Revision,
  upstream: Upstream,
  { signal, sees }: { readonly signal: CancelSignal; readonly sees: (model: string) => boolean },
): Promise<unknown> {
  const own = ownModels(revision);
  const known = new Set(own.map(({ id }) => id));
  const theirs = (await upstreamModels(upstream, signal)).filter((model) => !known.has(String(model.id)));
  return { object: "list", data: [...own, ...theirs].filter(({ id }) => sees(String(id))) };
}

/** An upstream that does not answer within this time leaves our own models standing alone. */
const listMs = 3000;

async function upstreamModels(upstream: Upstream, signal: CancelSignal): Promise<Record<string, unknown>[]> {
  const controller = new AbortController();
  const giveUp = () =>
    controller.abort(new Failure("deadline_exceeded", "The list of models took too long."));
  const timer = setTimeout(giveUp, listMs);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const answer = await upstream.forward({
      method: "GET",
      path: "/models",
      headers: {},
      body: undefined,
      signal: controller.signal,
    });
    const body: unknown = JSON.parse((await wholeOf(answer)).toString("utf8"));
    if (!isObject(body) || !Array.isArray(body.data)) return [];
    return body.data.filter(isObject);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
    // Also an answer that was longer than a list can be.
    giveUp();
  }
}

const maxListBytes = 4_194_304;

function wholeOf({ source }: ForwardAnswer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    source.start({
      chunk(bytes) {
        length += bytes.length;
        if (length <= maxListBytes) chunks.push(bytes);
        else reject(new Error("no list of models is that long"));
      },
      end: () => resolve(Buffer.concat(chunks)),
      fail: reject,
    });
  });
}
