/** Texts that look like personal data and secrets and are none: each line a family of them. */
import { base62, type Chance, capitals, digits, hex } from "./chance.ts";

type Family = (chance: Chance) => string;

const two = (value: number) => String(value).padStart(2, "0");
const uuid = ({ text }: Chance) =>
  `${text(hex, 8)}-${text(hex, 4)}-4${text(hex, 3)}-a${text(hex, 3)}-${text(hex, 12)}`;
const day = (chance: Chance) =>
  `20${20 + chance.integer(8)}-${two(1 + chance.integer(12))}-${two(1 + chance.integer(28))}`;
const clock = (chance: Chance) =>
  `${two(chance.integer(24))}:${two(chance.integer(60))}:${two(chance.integer(60))}`;
const base64 = `${base62}+/`;

/** As in `contexts.ts`: even places were looked at, odd ones not. */
export const families: Readonly<Record<string, Family>> = {
  "order numbers": (c) => `Your order ${c.text(digits, 8 + c.integer(5))} has been shipped.`,
  "invoice numbers": (c) => `Rechnung Nr. RE-${day(c)}-${c.text(digits, 5)}, Kunde ${c.text(digits, 7)}`,
  "dated case numbers": (c) => `Case ${day(c).replaceAll("-", "").slice(2)}-${c.text(digits, 4)} was closed.`,
  "part numbers": (c) =>
    `Part ${c.text(digits, 3)}-${c.text(digits, 4)}-${c.text(capitals, 2)} replaces ${c.text(capitals, 2)}${c.text(digits, 6)}.`,
  versions: (c) =>
    `upgraded from v${c.integer(20)}.${c.integer(30)}.${c.integer(99)} to ${c.integer(20)}.${c.integer(9)}.${c.integer(9)}-rc.${c.integer(9)}+build.${c.text(digits, 8)}`,
  "epoch seconds": (c) => `created=17${c.text(digits, 8)} expires=18${c.text(digits, 8)}`,
  "epoch milliseconds": (c) => `{"at":17${c.text(digits, 11)},"took":${c.integer(999)}}`,
  "epoch nanoseconds": (c) => `startTimeUnixNano: "17${c.text(digits, 17)}"`,
  timestamps: (c) => `${day(c)}T${clock(c)}.${c.text(digits, 6)}+02:00 ready, ${day(c)} ${clock(c)}`,
  uuids: (c) => `request ${uuid(c)} of session ${uuid(c)}`,
  "keys that are uuids": (c) => `idempotency_key: "${uuid(c)}", token_id=${uuid(c)}`,
  "commit hashes": (c) => `commit ${c.text(hex, 40)}\nfix: merge ${c.text(hex, 7)} into ${c.text(hex, 12)}`,
  digests: (c) => `image@sha256:${c.text(hex, 64)} etag "${c.text(hex, 32)}"`,
  "trace contexts": (c) => `traceparent: 00-${c.text(hex, 32)}-${c.text(hex, 16)}-01 span ${c.text(hex, 16)}`,
  "ids of completions": (c) =>
    `{"id":"chatcmpl-${c.text(base62, 29)}","system_fingerprint":"fp_${c.text(hex, 10)}","request_id":"req_${c.text(hex, 32)}"}`,
  "unit hashes": (c) => `unit ${c.text(hex, 64)} in bucket ${c.integer(10_000)} of salt tone-${c.integer(9)}`,
  "redacted texts": (c) =>
    `mail [email:${c.text(hex, 8)}], password=[password:${c.text(hex, 8)}], card [payment_card]`,
  "isbn 13": (c) =>
    `ISBN 978-${c.integer(9)}-${c.text(digits, 3)}-${c.text(digits, 5)}-${c.integer(9)} (978${c.text(digits, 10)})`,
  "isbn 10": (c) => `ISBN ${c.integer(9)}-${c.text(digits, 4)}-${c.text(digits, 4)}-X`,
  "article numbers": (c) =>
    `EAN ${c.pick(["40", "50", "76", "87"])}${c.text(digits, 11)}, GTIN 0${c.text(digits, 13)}`,
  prices: (c) =>
    `Total $${c.integer(99)},${c.text(digits, 3)}.${c.text(digits, 2)} incl. 1.${c.text(digits, 3)},${c.text(digits, 2)} EUR VAT`,
  coordinates: (c) => `${c.integer(90)}.${c.text(digits, 15)}, -${c.integer(180)}.${c.text(digits, 6)}`,
  numbers: (c) =>
    Array.from({ length: 12 }, () => c.text("123456789", 1) + c.text(digits, c.integer(7))).join(" "),
  matrices: (c) =>
    `[[0.${c.text(digits, 16)}, -1.${c.text(digits, 12)}e-0${c.integer(9)}], [${c.integer(9)}, ${c.integer(9)}]]`,
  tables: (c) =>
    `run,loss,step\n${c.integer(99)},0.${c.text(digits, 9)},${c.text(digits, 6)}\n${c.integer(99)},0.${c.text(digits, 9)},${c.text(digits, 6)}`,
  counters: (c) =>
    `tokens: ${c.text("123456789", 1)}${c.text(digits, 9)}, max_tokens=4096, total_tokens: ${c.text(digits, 6)}`,
  "numbers of messages": (c) => `snowflake 1${c.text(digits, 17)} in channel 1${c.text(digits, 18)}`,
  "parcel numbers": (c) => `Sendung 1Z${c.text(capitals + digits, 16)} und 00${c.text(digits, 18)}`,
  doi: (c) =>
    `doi:10.1${c.text(digits, 3)}/j.cell.20${c.text(digits, 2)}.${c.text(digits, 2)}.${c.text(digits, 3)}, arXiv:2${c.text(digits, 3)}.${c.text(digits, 5)}`,
  "images in base 64": (c) => `![x](data:image/png;base64,iVBORw0KGgo${c.text(base64, 300)}==)`,
  integrity: (c) => `"resolved": "left-pad-1.3.0.tgz", "integrity": "sha512-${c.text(base64, 86)}=="`,
  latex: (c) =>
    `\\begin{equation} x_{${c.integer(9)}} = \\frac{${c.text(digits, 3)}}{${c.text(digits, 4)}} \\label{eq:key-${c.integer(99)}} \\end{equation}`,
  "code with secrets elsewhere": (c) =>
    c.pick([
      "const apiKey = process.env.OPENAI_API_KEY;",
      "password = getPassword(user)",
      "function login(user: string, password: string): Promise<Token> {",
      `api_key: "$${"{"}OPENAI_API_KEY}"`,
      "if (token === undefined) throw new Error('no token: sign in first');",
      "token: str = Field(..., description='The access token')",
      "headers = {'Authorization': f'Bearer {token}'}",
      "SELECT key, password_hash FROM users WHERE primary_key = 17",
      "secret: projects/my-project/secrets/database-password-production",
      "const accessToken = getAccessTokenFromRequest2(request);",
      'password: "{{ password }}"',
      "passwd:         files systemd",
      "client.connect(user=args.user, password=args.password)",
    ]),
  "code with numbers": (c) =>
    `const table = [0x${c.text(hex, 8)}, 0x${c.text(hex, 8)}n, ${c.text(digits, 5)}_${c.text(digits, 3)}];`,
  "prose of secrets": (c) =>
    c.pick([
      "Password: must have at least eight characters.",
      "The token: a small piece of text. The key: practice every day.",
      "Passwort vergessen? Hier klicken.",
      "A bearer token authenticates whoever bears it; basic knowledge suffices.",
      "Mot de passe : obligatoire.",
      "The secret: patience, and a good editor.",
      "Tax number formats differ, e.g. 12 or 13 digits in 16 states.",
      "Each citizen number of the register has nine digits.",
    ]),
  "names in clusters": (c) =>
    `pod/api-${c.text(hex, 10)}-x${c.text(hex, 4)} node ip-of-${c.integer(99)}.internal pvc-${uuid(c)}`,
  "hex dumps": (c) => `0000${c.text(hex, 4)}: ${Array.from({ length: 8 }, () => c.text(hex, 4)).join(" ")}`,
  colours: (c) =>
    `#${c.text(hex, 6)} #${c.text(hex, 8)} rgb(${c.integer(255)}, ${c.integer(255)}, ${c.integer(255)})`,
  paths: (c) =>
    `s3://bucket/year=20${c.text(digits, 2)}/part-${c.text(digits, 5)}-${uuid(c)}.c000.snappy.parquet`,
  links: (c) =>
    `https://shop.example.com/p/${c.text(digits, 9)}?utm_source=news-${c.text(digits, 6)}&v=${c.integer(9)}#t=${c.integer(99)}`,
  "scopes in programs": (c) =>
    `std::vector<int>::iterator a::b${c.integer(9)}; ratio 16:9:${c.integer(9)}; at ${clock(c)}:12`,
  handles: (c) =>
    `@user${c.integer(999)} wrote to #channel-${c.integer(99)}; npm i @scope/pkg@${c.integer(9)}.${c.integer(9)}.0`,
  "names of models": (c) =>
    `gpt-4.1-mini-2025-04-${two(1 + c.integer(28))} claude-sonnet-4-20250${c.text("123456789", 1)}14 qwen2.5-${c.integer(99)}b`,
  ulids: (c) => `01J${c.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23)} ${c.text(base62, 21)}`,
  genes: (c) => `>seq${c.integer(99)}\n${c.text("ACGT", 60)}`,
  phones: (c) =>
    `ext. ${c.text(digits, 4)}, room ${c.text(digits, 3)}-${c.text(digits, 2)}, Tel. intern ${c.text(digits, 5)}`,
  sums: (c) =>
    `${c.text(digits, 4)} + ${c.text(digits, 5)} = ${c.text(digits, 5)}; 2^64 = 18446744073709551616`,
};

export function negatives(
  chance: Chance,
  each: number,
): readonly { readonly family: string; readonly text: string }[] {
  return Object.entries(families).flatMap(([family, make]) =>
    Array.from({ length: each }, () => ({ family, text: make(chance) })),
  );
}
