/** Asks one guardrail about one subject, inside its time. */
import { Canceller } from "../core/canceller.ts";
import type { RequestContext } from "../domain/chat.ts";
import { Failure } from "../domain/failure.ts";
import type {
  Guardrail,
  GuardrailSpan,
  GuardrailSubject,
  GuardrailVerdict,
  JudgeCall,
  Judgement,
} from "../domain/guardrail.ts";

/** What a guardrail says of a subject, by its own action. */
export interface Ruling {
  readonly guardrail: Guardrail;
  readonly verdict: GuardrailVerdict;
  readonly reason: string | undefined;
  readonly spans: readonly GuardrailSpan[];
}

/** Never throws and never rejects: a check that does has failed. At once where the check answers at once. */
export function judge(
  guardrail: Guardrail,
  subject: GuardrailSubject,
  context: RequestContext,
): Ruling | Promise<Ruling> {
  const rule = (judgement: Judgement) => rulingOf(guardrail, judgement);
  const failed = (thrown: unknown) => failedRuling(guardrail, reasonOf(thrown));
  if (guardrail.isRemote) return within(guardrail, subject, context).then(rule, failed);
  try {
    const judgement = guardrail.check.judge(subject, callOf(context, context.controller.signal));
    return judgement instanceof Promise ? judgement.then(rule, failed) : rule(judgement);
  } catch (thrown) {
    return failed(thrown);
  }
}

/** It acts on what it finds; the others only tell. */
export function isActing({ config }: Guardrail): boolean {
  return !config.isShadow && (config.action !== "flag" || config.onFailure === "closed");
}

/** Why the subject may not pass, if it may not. */
export function refusalOf(
  { guardrail, verdict }: Ruling,
  stage: GuardrailSubject["stage"],
): Failure | undefined {
  const { config } = guardrail;
  if (config.isShadow) return undefined;
  const details = {
    ...(config.answer === undefined ? {} : { answer: config.answer }),
    isFinal: config.answer === undefined && config.onBlock === "error",
  };
  const what = words[stage];
  if (verdict === "block")
    return new Failure("content_blocked", `Guardrail "${config.name}" blocked ${what}.`, details);
  if (verdict !== "failed" || config.onFailure === "open") return undefined;
  return new Failure(
    "guardrail_failed",
    `Guardrail "${config.name}" could not judge ${what}, and what it cannot judge is refused (on_failure: closed).`,
    details,
  );
}

/** The places that are to be taken out. */
export function redactionsOf(rulings: readonly Ruling[]): readonly GuardrailSpan[] {
  return rulings.flatMap(({ guardrail, verdict, spans }) =>
    verdict === "redact" && !guardrail.config.isShadow ? spans : [],
  );
}

const words = {
  input: "the request",
  output: "the model's answer",
  tool_calls: "a tool call of the model",
} as const;

export function rulingOf(guardrail: Guardrail, judgement: Judgement): Ruling {
  if (judgement.kind === "pass") return { guardrail, verdict: "allow", reason: undefined, spans: [] };
  if (judgement.kind === "not_evaluated")
    return { guardrail, verdict: "not_evaluated", reason: judgement.reason, spans: [] };
  const { spans = [], reason } = judgement;
  const { action } = guardrail.config;
  // What cannot be taken out must not stay in.
  if (action === "redact" && spans.length === 0)
    return failedRuling(guardrail, "found something without its place");
  return { guardrail, verdict: action, reason, spans };
}

export function failedRuling(guardrail: Guardrail, reason: string): Ruling {
  return { guardrail, verdict: "failed", reason, spans: [] };
}

/** Another server's answer, or a rejection when it is not here in time or the client has gone. */
function within(
  guardrail: Guardrail,
  subject: GuardrailSubject,
  context: RequestContext,
): Promise<Judgement> {
  const { timeoutMs } = guardrail.config;
  const own = new Canceller();
  const { signal } = context.controller;
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", gone);
    };
    const giveUp = (reason: unknown) => {
      settle();
      own.abort(reason);
      reject(reason);
    };
    const gone = () => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(timeIsUp), timeoutMs);
    if (signal.aborted) {
      gone();
      return;
    }
    signal.addEventListener("abort", gone, { once: true });
    Promise.resolve()
      .then(() => guardrail.check.judge(subject, callOf(context, own.signal)))
      .then(resolve, reject)
      .finally(settle);
  });
}

function callOf({ requestId }: RequestContext, signal: JudgeCall["signal"]): JudgeCall {
  return { requestId, signal };
}

const timeIsUp = new Failure("guardrail_failed", "The guardrail gave no verdict in its time.");

/** A failure's code, or that there was a bug: an error's own words may quote what was judged. */
function reasonOf(thrown: unknown): string {
  if (thrown === timeIsUp) return "timeout";
  return thrown instanceof Failure ? thrown.code : "crashed";
}
