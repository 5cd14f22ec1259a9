import type { RampEventName, RampNews } from "../domain/ramp-news.ts";
import { key } from "./attribute-key.ts";
import { type Outgoing, ours } from "./outgoing.ts";
import { event } from "./semconv.ts";
import type { EventSink } from "./span-sink.ts";

/** What an operator may have to look at. */
const alarming: ReadonlySet<RampEventName> = new Set(["held", "paused", "rolled_back", "killed"]);

/** One thing that came to pass with a ramp, as a log record. */
export function tellRampNews(sink: EventSink, news: RampNews, { written }: Pick<Outgoing, "written">): void {
  const severity = alarming.has(news.event) ? "warn" : "info";
  if (!sink.begin({ span: undefined, severity, name: event.ramp(news.event), atMs: news.at })) return;
  sink.text(key.experimentId, ours(news.experimentId));
  sink.text(key.variant, ours(news.variantId));
  sink.text(key.rampStatus, ours(news.to));
  sink.text(key.rampStatusBefore, ours(news.from));
  sink.number(key.rampStep, news.step + 1);
  sink.number(key.rampSteps, news.steps);
  sink.number(key.rampShare, news.share);
  sink.number(key.rampGeneration, news.generation);
  sink.text(key.rampRule, ours(news.rule));
  sink.text(key.rampBy, written(news.by));
  sink.text(key.rampReason, written(news.reason));
  sink.end();
}
