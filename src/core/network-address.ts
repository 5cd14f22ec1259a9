/** Whose network an address is of. `metadata` is where clouds keep the credentials of the machine that asks. */
export type NetworkKind =
  | "public"
  | "loopback"
  | "private"
  | "link_local"
  | "metadata"
  | "multicast"
  | "reserved";

/**
 * What an address is of, in any spelling that a URL may have (hex, octal, short, in brackets) or a resolver gives (with a
 * zone); undefined for a name. An IPv4 address inside an IPv6 one counts as itself. By IANA's special-purpose registries
 * (RFC 6890), RFC 6598 for shared space, and the clouds' own documents for metadata.
 */
export function networkKind(host: string): NetworkKind | undefined {
  const name = plainHost(host);
  if (name === undefined) return undefined;
  if (name.startsWith("[")) return kindOf16(bytesOf16(name.slice(1, -1)));
  return /^\d+\.\d+\.\d+\.\d+$/.test(name) ? kindOf4(name.split(".").map(Number)) : undefined;
}

/** Whether no upstream may be there, whoever asks for it. */
export function isForbidden(kind: NetworkKind): boolean {
  return kind !== "public" && kind !== "loopback" && kind !== "private";
}

/** Names that mean this machine by their own rule (RFC 6761, 6.3). */
export function isLoopbackName(hostname: string): boolean {
  return /^(?:.*\.)?localhost\.?$/i.test(hostname);
}

/** By the rules of URLs for hosts, so that it is read here as it is where the connection is made. */
function plainHost(host: string): string | undefined {
  const text = host.replace(/^\[|\]$/g, "");
  const url = text.includes(":") ? `http://[${text.replace(/%.*$/, "")}]/` : `http://${text}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

type Bytes = readonly number[];
interface Block {
  readonly prefix: Bytes;
  readonly bits: number;
}

function kindOf4(bytes: Bytes): NetworkKind {
  return blocks4.find((block) => covers(block, bytes))?.kind ?? "public";
}

function kindOf16(bytes: Bytes): NetworkKind {
  const carrier = carriers.find((block) => covers(block, bytes));
  if (carrier !== undefined) {
    const inner = bytes.slice(carrier.at, carrier.at + 4).map((byte) => byte ^ carrier.mask);
    return kindOf4(inner);
  }
  return blocks16.find((block) => covers(block, bytes))?.kind ?? "reserved";
}

function covers({ prefix, bits }: Block, bytes: Bytes): boolean {
  return prefix.every((byte, index) => {
    const left = Math.min(8, Math.max(0, bits - 8 * index));
    const shift = 8 - left;
    return byte >> shift === (bytes[index] ?? 0) >> shift;
  });
}

/** Of an address without dots in it, as URLs write them. */
function bytesOf16(text: string): Bytes {
  const [before = "", after] = text.split("::");
  const head = groupsOf(before);
  const tail = groupsOf(after ?? "");
  const zeros = new Array<number>(after === undefined ? 0 : 8 - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail].flatMap((group) => [group >> 8, group & 0xff]);
}

function groupsOf(text: string): Bytes {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function block4(cidr: string): Block {
  const [address = "", bits = ""] = cidr.split("/");
  return { prefix: address.split(".").map(Number), bits: Number(bits) };
}

function block16(cidr: string): Block {
  const [address = "", bits = ""] = cidr.split("/");
  return { prefix: bytesOf16(address), bits: Number(bits) };
}

/** The first that covers an address says what it is. */
const blocks4 = Object.entries({
  "169.254.169.254/32": "metadata", // most clouds
  "169.254.170.2/32": "metadata", // tasks of Amazon ECS
  "169.254.170.23/32": "metadata", // pods of Amazon EKS
  "100.100.100.200/32": "metadata", // Alibaba
  "168.63.129.16/32": "metadata", // Azure's wire server
  "192.0.0.192/32": "metadata", // Oracle
  "0.0.0.0/8": "reserved",
  "10.0.0.0/8": "private",
  "100.64.0.0/10": "private",
  "127.0.0.0/8": "loopback",
  "169.254.0.0/16": "link_local",
  "172.16.0.0/12": "private",
  "192.0.0.0/24": "reserved",
  "192.0.2.0/24": "reserved",
  "192.88.99.0/24": "reserved",
  "192.168.0.0/16": "private",
  "198.18.0.0/15": "reserved",
  "198.51.100.0/24": "reserved",
  "203.0.113.0/24": "reserved",
  "224.0.0.0/4": "multicast",
  "240.0.0.0/4": "reserved",
} satisfies Record<string, NetworkKind>).map(([cidr, kind]) => ({ ...block4(cidr), kind }));

/** Beyond 2000::/3 nothing is given out, so what is not covered is reserved. */
const blocks16 = Object.entries({
  "fd00:ec2::/32": "metadata", // Amazon
  "fd20:ce::254/128": "metadata", // Google
  "::1/128": "loopback",
  "2001::/23": "reserved",
  "2001:db8::/32": "reserved",
  "3fff::/20": "reserved",
  "2000::/3": "public",
  "fc00::/7": "private",
  "fe80::/10": "link_local",
  "fec0::/10": "private",
  "ff00::/8": "multicast",
} satisfies Record<string, NetworkKind>).map(([cidr, kind]) => ({ ...block16(cidr), kind }));

/** Blocks whose addresses carry an IPv4 address at a byte; Teredo (RFC 4380, 4) hides its client's by inverting it. */
const carriers = [
  { ...block16("::ffff:0:0/96"), at: 12, mask: 0 }, // mapped
  { ...block16("::ffff:0:0:0/96"), at: 12, mask: 0 }, // translated (RFC 2765)
  { ...block16("64:ff9b::/96"), at: 12, mask: 0 }, // NAT64
  { ...block16("2002::/16"), at: 2, mask: 0 }, // 6to4
  { ...block16("2001::/32"), at: 12, mask: 0xff }, // Teredo
];
