/** Units' own rights: what is kept of one is taken away. */
import type { Hono } from "hono";
import type { UnitType } from "../domain/config.ts";
import type { Order } from "../domain/control.ts";
import type { Unit } from "../domain/experiment.ts";
import { Failure } from "../domain/failure.ts";
import type { Forgotten } from "../domain/store.ts";
import { type AdminEnv, jsonBody, orderOf } from "./admin-input.ts";

export interface UnitParts {
  readonly unitHash: (unit: Pick<Unit, "type" | "id">) => string;
  readonly forget: (order: Order & { readonly unitHash: string }) => Promise<Forgotten>;
}

const types: readonly UnitType[] = ["user", "org", "session"];
/** As long as an id that a request may carry. */
const maxIdLength = 512;

/** `DELETE` answers with what was taken away once nothing of it is left; of a unit that nobody knows that is nothing. */
export function addUnits(app: Hono<AdminEnv>, parts: UnitParts): void {
  app.delete("/admin/units/:type/:id", async (c) => {
    const unit = { type: typeIn(c.req.param("type")), id: idIn(c.req.param("id")) };
    const order = orderOf(c, await jsonBody(c, ["by", "reason"]));
    const unitHash = parts.unitHash(unit);
    return c.json({ unit_hash: unitHash, forgotten: await parts.forget({ unitHash, ...order }) });
  });
}

function typeIn(text: string): UnitType {
  const type = types.find((each) => each === text);
  if (type !== undefined) return type;
  const message = `There are units of the types ${types.join(", ")}; it was "${text.slice(0, 20)}".`;
  throw new Failure("invalid_value", message, { param: "type" });
}

/** Repeats no id: it is somebody's. */
function idIn(id: string): string {
  if (id.trim() !== "" && id.length <= maxIdLength) return id;
  const message = `The id must have 1 to ${maxIdLength} characters, as requests carry it; a blank one is nobody's.`;
  throw new Failure("invalid_value", message, { param: "id" });
}
