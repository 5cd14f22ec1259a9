import { characterTable } from "./redaction-matcher.ts";
import type { Span } from "./text-span.ts";

/** Where a key of a known service that begins at `at` ends. It begins a word; the prefix is the service's own. */
export function keyEnd(text: string, at: number): number | undefined {
  const patterns = byStart[pairAt(text, at)];
  if (patterns === undefined) return undefined;
  for (const pattern of patterns) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return pattern.lastIndex;
  }
  return undefined;
}

/** Every key that begins a word. */
export function serviceKeys(text: string): readonly Span[] {
  const spans: Span[] = [];
  let isInside = false;
  for (let at = 0; at < text.length; at += 1) {
    const isPart = isWordOrHyphen[text.charCodeAt(at)] === 1;
    if (isPart && !isInside) {
      const end = keyEnd(text, at);
      if (end !== undefined) {
        spans.push({ start: at, end });
        at = end - 1;
      }
    }
    isInside = isPart;
  }
  return spans;
}

const base62 = "[A-Za-z0-9]";
const isWordOrHyphen = characterTable(/[\w-]/);

/**
 * Prefix and what follows it, from the services' own documentation. What has digits and both cases, or a long run of
 * letters and digits, is no phrase: `sk-learn-tutorial-for-beginners-2024` is one.
 */
const random = "(?=[\\w-]*\\d)(?:(?=[\\w-]*[A-Z])(?=[\\w-]*[a-z])|(?=[\\w-]*[A-Za-z0-9]{24}))[\\w-]{20,}";
const hex = (length: number) => `[0-9a-f]{${length}}(?![0-9A-Za-z])`;

const keys: readonly (readonly [prefix: string, rest: string])[] = [
  // Assay's own
  ["ask_", "[0-9a-f]{12}_[\\w-]{43}"],
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse: all of them sk-
  ["sk-", random],
  ["pk-lf-", "[\\w-]{30,}"],
  // Amazon: access keys of users, of sessions; Bedrock's
  ["AKIA", "[A-Z0-9]{16}(?![A-Z0-9])"],
  ["ASIA", "[A-Z0-9]{16}(?![A-Z0-9])"],
  ["ABSK", "[A-Za-z0-9+/]{60,}=*"],
  // Google: API keys, access and refresh tokens, client secrets
  ["AIza", "[\\w-]{35}(?![\\w-])"],
  ["ya29", "\\.[\\w-]{20,}"],
  ["1//", "0[\\w-]{30,}"],
  ["GOCSPX-", "[\\w-]{20,}"],
  // GitHub, GitLab
  ["gh", `[opsur]_${base62}{36,}`],
  ["github_pat_", "\\w{22,}"],
  ["glpat-", "[\\w-]{20,}(?:\\.[\\w-]+)*"],
  ["gl", "(?:dt|rt|ptt|cbt|ft|imt|soat|agent|oas|ffct|rtr)-[\\w-]{20,}(?:\\.[\\w-]+)*"],
  // Slack
  ["xox", "[abeoprs](?:\\.xox[bp])?-[A-Za-z0-9-]{10,}"],
  ["xapp-", "[A-Za-z0-9-]{10,}"],
  ["xwfp-", "[A-Za-z0-9-]{10,}"],
  // Stripe, and those who write as it does
  ["sk", `_(?:live|test|prod)_${base62}{16,}`],
  ["rk", `_(?:live|test|prod)_${base62}{16,}`],
  ["whsec_", "[A-Za-z0-9+/]{24,}=*"],
  // ElevenLabs
  ["sk_", hex(48)],
  ["SK", hex(32)],
  ["SG.", "[\\w-]{16,32}\\.[\\w-]{32,64}"],
  ["key-", hex(32)],
  // Registries of packages and images
  ["npm_", `${base62}{36,}`],
  ["pypi-", "AgE[\\w-]{50,}"],
  ["rubygems_", hex(48)],
  ["dckr_", "(?:pat|oat)_[\\w-]{20,}"],
  // Models and their tools
  ["hf_", `${base62}{30,}`],
  ["api_org_", `${base62}{30,}`],
  ["gsk_", `${base62}{32,}`],
  ["xai-", `${base62}{32,}`],
  ["pplx-", `${base62}{32,}`],
  ["r8_", `${base62}{32,}`],
  ["fw_", `${base62}{20,}`],
  ["tgp_v1_", "[\\w-]{32,}"],
  ["nvapi-", "[\\w-]{40,}"],
  ["csk-", `${base62}{40,}`],
  ["lsv2_", "(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"],
  ["pcsk_", "\\w{40,}"],
  ["jina_", `${base62}{40,}`],
  ["tvly-", "[\\w-]{24,}"],
  // Clouds and their databases
  ["do", `[opr]_v1_${hex(64)}`],
  ["dapi", "[0-9a-f]{32}(?:-\\d)?(?![0-9A-Za-z])"],
  ["vc", `[paikr]_${base62}{24,}`],
  ["sbp_", hex(40)],
  ["sb_secret_", "[\\w-]{20,}"],
  ["pscale_", "(?:tkn|pw|oauth|pscale_oauth)_[\\w.-]{30,}"],
  ["napi_", `${base62}{60,}`],
  ["fm", "[12][ar]?_[A-Za-z0-9+/]{60,}=*"],
  ["HRKU-", "[\\w-]{30,}"],
  ["nfp_", `${base62}{36,}`],
  ["tskey-", "[a-z]+-[\\w-]{20,}"],
  ["hv", "[sbr]\\.[\\w-]{24,}"],
  ["dp.", "(?:pt|st|ct|sa|scim|audit)\\.[\\w.-]{40,}"],
  ["AGE-SECRET-KEY-1", "[0-9A-Z]{58}"],
  ["ops_", "eyJ[\\w-]{100,}=*"],
  // Work and commerce
  ["secret_", `${base62}{40,}`],
  ["ntn_", `${base62}{40,}`],
  ["lin_", `(?:api|oauth)_${base62}{32,}`],
  ["shp", "(?:at|ss|ca|pa|ua)_[0-9a-fA-F]{32}(?![0-9A-Za-z])"],
  ["pat", `${base62}{14}\\.${hex(64)}`],
  ["figd_", "[\\w-]{38,}"],
  ["ATATT3", "[\\w=-]{60,}"],
  ["ATCTT3", "[\\w=-]{60,}"],
  ["PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"],
  ["sq0", "(?:atp|csp|idp)-[\\w-]{22,}"],
  ["EAAA", "[\\w-]{56,}"],
  // Observing and building
  ["gl", "(?:sa_[A-Za-z0-9]{32}_[0-9a-f]{8}|c_[A-Za-z0-9+/]{32,}=*)"],
  ["NRAK-", "[A-Z0-9]{27}"],
  ["sntry", "[su]_[\\w+/=-]{40,}"],
  ["CCIPAT_", "\\w{40,}"],
  ["bkua_", hex(40)],
  ["phx_", `${base62}{40,}`],
  // Chat: Discord's bots; their ids begin with 1 to 9, which is M, N or O in base 64
  ...["M", "N", "O"].map((first) => [first, "[\\w-]{22,27}\\.[\\w-]{6}\\.[\\w-]{27,40}(?![\\w-])"] as const),
  // A private key in base 64 again, as Kubernetes keeps it
  ["LS0tLS1CRUdJTi", "B(?:QUkl|SU0E|FQy|PUEVO|FTkN|EU0E)[A-Za-z0-9+/]{40,}=*"],
];

/** The patterns of all keys by the two characters that they begin with. */
const byStart: (readonly RegExp[] | undefined)[] = new Array(128 * 128);
for (const [prefix, rest] of keys) {
  const sticky = new RegExp(prefix.replaceAll(".", "\\.") + rest, "y");
  for (const second of prefix.length > 1 ? [prefix.charAt(1)] : base64Url()) {
    const pair = pairAt(prefix.charAt(0) + second, 0);
    byStart[pair] = [...(byStart[pair] ?? []), sticky];
  }
}

function base64Url(): readonly string[] {
  return [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"];
}

/** One number for two characters; beyond ASCII it is none of ours. */
function pairAt(text: string, at: number): number {
  return text.charCodeAt(at) * 128 + text.charCodeAt(at + 1);
}
