import type { Finding } from "./check-shape.ts";
import type { ConfigFile } from "./file-shape.ts";
import { isBareReference } from "./interpolate.ts";
import { pointerOf, pointerSegments } from "./locate.ts";
import type { YamlSource } from "./yaml-source.ts";

/** Secrets stand in the environment, not in the file: neither as text nor as the default of a reference. */
export function checkSecrets(file: ConfigFile, source: YamlSource): readonly Finding[] {
  const pointers = [
    "/server/admin/token",
    "/telemetry/unit_hash_key",
    ...Object.keys(file.upstreams).map((name) => pointerOf("upstreams", name, "api_key")),
    ...Object.keys(file.experiments).map((id) => pointerOf("experiments", id, "hash_secret")),
    ...Object.entries(file.experiments).flatMap(([id, { ramp }]) =>
      (ramp?.notify ?? []).flatMap((_, index) =>
        ["url", "secret"].map((name) => pointerOf("experiments", id, "ramp", "notify", index, name)),
      ),
    ),
  ];
  return pointers.flatMap((pointer) => {
    const message = secretProblem(pointer, source);
    return message === undefined ? [] : [{ pointer, side: "value" as const, message }];
  });
}

function secretProblem(pointer: string, source: YamlSource): string | undefined {
  const name = pointerSegments(pointer).at(-1) ?? "";
  const variable = `\${${name.toUpperCase()}}`;
  const literal = source.literals.get(pointer);
  if (literal !== undefined && literal !== "") {
    return `\`${name}\` is a secret in plain text; put it into the environment and write ${variable} here`;
  }
  const reference = source.references.get(pointer);
  if (reference === undefined || isBareReference(reference)) return undefined;
  return `\`${name}\` must be one reference such as ${variable} and nothing else: no text around it, no default`;
}
