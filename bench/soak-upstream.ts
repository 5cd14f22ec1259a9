/** The scripted upstream as a process of its own: `node bench/soak-upstream.ts PORT`. */
import { startScriptedUpstream } from "../src/upstreams/scripted/server.ts";

await startScriptedUpstream({ port: Number(process.argv[2]), tokenDelayMs: 2, firstTokenMs: 20 });
