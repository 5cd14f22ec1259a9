import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  isForbidden,
  isLoopbackName,
  type NetworkKind,
  networkKind,
} from "../../src/core/network-address.ts";

/** From IANA's registries and the clouds' documents, at the edges of each block. */
const kinds: Readonly<Record<NetworkKind, readonly string[]>> = {
  public: [
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "[2606:4700::1111]",
    "2001:200::1",
    "[2002:0808:0808::1]",
    "[64:ff9b::8.8.8.8]",
    "[::ffff:8.8.8.8]",
  ],
  loopback: [
    "127.0.0.1",
    "127.255.255.254",
    "127.1",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f000001",
    "[::1]",
    "0:0:0:0:0:0:0:1",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
  ],
  private: [
    "10.0.0.0",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "fc00::1",
    "[fdff:ffff::1]",
    "fec0::1",
    "[::ffff:10.1.2.3]",
    "[64:ff9b::192.168.1.1]",
    "[2002:0a01:0203::]",
  ],
  link_local: [
    "169.254.0.1",
    "169.254.255.255",
    "fe80::1",
    "[febf::1]",
    "fe80::1%eth0",
    "[::ffff:169.254.1.1]",
  ],
  metadata: [
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "[fd20:ce::254]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:4136:e378:8000:63bf:5601:5601]",
  ],
  multicast: ["224.0.0.1", "239.255.255.255", "[ff02::1]"],
  reserved: [
    "0.0.0.0",
    "0",
    "0.1.2.3",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "[::127.0.0.1]",
    "100::1",
    "2001:db8::1",
    "[2001:2::1]",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "[64:ff9b:1::10.0.0.1]",
  ],
};

describe("an address is of the network that the registries give it", () => {
  for (const [kind, addresses] of Object.entries(kinds)) {
    for (const address of addresses)
      test(`${address} is ${kind}`, () => {
        assert.equal(networkKind(address), kind);
      });
  }
});

test("a name is of no network", () => {
  for (const name of [
    "api.openai.com",
    "localhost",
    "metadata.google.internal",
    "127.0.0.1.nip.io",
    "",
    "a b",
  ])
    assert.equal(networkKind(name), undefined, name);
});

test("an IPv4 address is the same in every IPv6 clothing", () => {
  const byte = fc.nat(255);
  fc.assert(
    fc.property(fc.tuple(byte, byte, byte, byte), (bytes) => {
      const dotted = bytes.join(".");
      const hex = bytes.map((one) => one.toString(16).padStart(2, "0")).join("");
      const kind = networkKind(dotted);
      assert.notEqual(kind, undefined);
      for (const spelt of [
        `::ffff:${dotted}`,
        `::FFFF:${hex.slice(0, 4)}:${hex.slice(4)}`,
        `64:ff9b::${dotted}`,
        `2002:${hex.slice(0, 4)}:${hex.slice(4)}::1`,
        `0x${hex}`,
      ])
        assert.equal(networkKind(spelt), kind, spelt);
    }),
  );
});

test("an upstream may be public, or on a network that its owner names, and nowhere else", () => {
  const allowed = Object.keys(kinds).filter((kind) => !isForbidden(kind as NetworkKind));
  assert.deepEqual(allowed, ["public", "loopback", "private"]);
});

test("localhost and what ends in it are loopback's names, and nothing that looks alike", () => {
  for (const name of ["localhost", "LOCALHOST", "localhost.", "models.localhost"])
    assert.ok(isLoopbackName(name));
  for (const name of ["localhost.evil.test", "notlocalhost", "localhos"]) assert.ok(!isLoopbackName(name));
});
