/** Checks tool-call arguments against the schemas of the request's own `tools`. */
import { hash } from "node:crypto";
import type { ToolCall } from "../domain/chat.ts";
import type { ClientSchemaJudge } from "../domain/client-schema.ts";
import type { CheckResult } from "../domain/config.ts";

export type ToolCheck = (call: ToolCall) => CheckResult | Promise<CheckResult>;

/** All tools of a request: with each check that needs them they are copied into another thread. */
const maxToolsBytes = 512 * 1024;

/** `tools` as bytes → a check for its calls. Most answers call no tool: nothing is read before one does. */
export function createToolChecks(judge: ClientSchemaJudge): (tools: Buffer) => ToolCheck {
  return (tools) => {
    let known: { readonly hash: string; readonly source: string } | undefined;
    return (call) => {
      if (tools.length > maxToolsBytes) {
        return {
          kind: "not_evaluated",
          reason: `the request's tools are longer than ${maxToolsBytes} bytes`,
        };
      }
      known ??= { hash: hash("sha256", tools), source: tools.toString("utf8") };
      const key = `${known.hash} ${call.name}`;
      return judge({ key, source: known.source, tool: call.name, text: call.arguments });
    };
  };
}
