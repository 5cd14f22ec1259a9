import { generateKeyPairSync, sign } from "node:crypto";

/** A key and a certificate that it signed itself (X.509 v1, RFC 5280, 4.1), good for a year around today. */
export function selfSigned(commonName: string): { readonly key: string; readonly cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(0x30, Buffer.from(ecdsaWithSha256, "hex"));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from(commonNameOid, "hex"), utf8(commonName))));
  const year = 365 * 24 * 3600 * 1000;
  const validity = der(0x30, utcTime(Date.now() - year / 2), utcTime(Date.now() + year / 2));
  const serial = der(0x02, Buffer.from([1]));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const body = der(0x30, serial, algorithm, name, validity, name, spki);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, privateKey));
  const whole = der(0x30, body, algorithm, signature);
  const lines = whole.toString("base64").replace(/.{1,64}/g, "$&\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`,
  };
}

/** 1.2.840.10045.4.3.2 and 2.5.4.3, each with its tag. */
const ecdsaWithSha256 = "06082a8648ce3d040302";
const commonNameOid = "0603550403";

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

function utcTime(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}
