import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { completionBody } from "./messages.ts";
import { type Command, onPath } from "./processes.ts";

export const hasNginx = (): boolean => onPath("nginx") !== undefined;

/** Answers every request with the same completion; it cannot pace a stream. */
export function nginxUpstream(folder: string, port: number): Command {
  const answer = completionBody.toString("utf8").replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  return command("nginx", folder, {
    outside: "",
    server: `listen 127.0.0.1:${port} backlog=4096; location / { default_type application/json; return 200 '${answer}'; }`,
  });
}

/** The limit of what a proxy can be: no policy, no record, bytes in and bytes out. */
export function nginxProxy(folder: string, port: number, upstreamPort: number): Command {
  const location = [
    "proxy_pass http://bench;",
    "proxy_http_version 1.1;",
    'proxy_set_header Connection "";',
    "proxy_buffering off;",
  ];
  return command("nginx", folder, {
    outside: `upstream bench { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000000; }`,
    server: `listen 127.0.0.1:${port} backlog=4096; location / { ${location.join(" ")} }`,
  });
}

interface Http {
  readonly outside: string;
  readonly server: string;
}

/** One worker, no log, and every file that nginx writes below the folder. */
function command(name: string, folder: string, { outside, server }: Http): Command {
  mkdirSync(folder, { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  // Started by root, the workers would be nobody, who may not write below the folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const text = `
${user} daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
  # A larger body goes through a file, as it does by default beyond 16k; kept in memory, 200 KB cost a third as much.
  client_body_buffer_size 64k;
  ${temporary.join(" ")}
  ${outside}
  server { ${server} }
}
`;
  const file = path.join(folder, "nginx.conf");
  writeFileSync(file, text);
  return { name, argv: ["nginx", "-p", folder, "-c", file, "-e", "stderr"] };
}
