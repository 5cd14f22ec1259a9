import type { AuthConfig } from "../domain/config.ts";
import type { Finding } from "./check-shape.ts";
import type { ConfigFile } from "./file-shape.ts";

const leastTokenBytes = 32;

export function checkServer({ server, auth }: ConfigFile): readonly Finding[] {
  const { admin } = server;
  const findings: Finding[] = [];
  const open = openAccessProblem(server.host, auth.mode);
  if (open !== undefined) findings.push({ pointer: "/server/host", side: "value", message: open });
  const token = admin.token ?? "";
  const access = adminAccessProblem(admin.host, token === "" ? undefined : token);
  if (access !== undefined) {
    const pointer = token === "" ? "/server/admin/host" : "/server/admin/token";
    findings.push({ pointer, side: "value", message: access });
  }
  if (admin.port !== 0 && admin.port === server.port) {
    const message = `\`port\` is ${admin.port}, as the data plane's; give the admin listener another one`;
    findings.push({ pointer: "/server/admin/port", side: "value", message });
  }
  return findings;
}

/**
 * Why an admin listener may not be opened there with that token, and the cure. For all who let somebody change the
 * host or the token after the file has been checked, such as the command line.
 */
export function adminAccessProblem(host: string, token: string | undefined): string | undefined {
  if (token === undefined) {
    if (isLoopback(host)) return undefined;
    return `the admin listener's host "${host}" is not loopback; set \`token\`, or use 127.0.0.1`;
  }
  const bytes = Buffer.byteLength(token);
  if (bytes < leastTokenBytes) {
    return `the admin token has ${bytes} bytes; it must have at least ${leastTokenBytes}`;
  }
  return /^[\x21-\x7e]+$/.test(token)
    ? undefined
    : "the admin token may hold printable ASCII without spaces only";
}

/** Why a data plane that asks for no keys may not be opened there, and the cure. As above, for all who let somebody change either. */
export function openAccessProblem(host: string, mode: AuthConfig["mode"]): string | undefined {
  if (mode === "keys" || isLoopback(host)) return undefined;
  return `the data plane's host is not loopback and \`auth.mode\` is "open": whoever reaches it would spend your tokens; set \`auth.mode\` to "keys", or use 127.0.0.1`;
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
