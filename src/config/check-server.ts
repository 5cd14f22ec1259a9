import type { Finding } from "./check-shape.ts";
import type { ServerSection } from "./file-shape.ts";

const leastTokenBytes = 32;

export function checkServer(server: ServerSection): readonly Finding[] {
  const { admin } = server;
  const findings: Finding[] = [];
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

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
