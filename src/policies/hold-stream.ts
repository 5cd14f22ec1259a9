import type { RenderedRequest } from "../domain/chat.ts";
import { hold } from "../pipeline/hold.ts";
import type { Policy } from "../pipeline/service.ts";

/** In `buffer` mode a stream is read to its end before anybody sees it: what fails or is invalid can then be asked again. */
export const holdStream: Policy<RenderedRequest> = (next) => (request, context) => {
  const answer = next(request, context);
  return request.experiment?.output.streamMode === "buffer" ? answer.then(hold) : answer;
};
