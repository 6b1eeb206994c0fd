// TLS for a database that has none: what a deployment's configuration asks for, and a temporary server
// behind a socket does not have. The certificate is for this run, and nobody signed it.
"use strict";
const { generateKeyPairSync, sign } = require("node:crypto");
const tls = require("node:tls");

// What a client of PostgreSQL sends first when it wants TLS, and the answer ("Frontend/Backend Protocol", SSLRequest).
const REQUEST = Buffer.from("0000000804d2162f", "hex");
const YES = "S";
const DAY = 24 * 60 * 60 * 1000;

/** A value in ASN.1's distinguished encoding (ITU-T X.690). */
function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

/** A certificate for localhost (RFC 5280, version 1), and its key. */
function certificate() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const sequence = (...parts) => der(0x30, ...parts);
  const identifier = (hex) => der(0x06, Buffer.from(hex, "hex"));
  const time = (at) => der(0x17, Buffer.from(new Date(at).toISOString().replace(/^..|\.\d+|[-:T]/g, "")));
  const algorithm = sequence(identifier("2a8648ce3d040302")); // ecdsa-with-SHA256
  const name = sequence(der(0x31, sequence(identifier("550403"), der(0x0c, Buffer.from("localhost")))));
  const validity = sequence(time(Date.now() - DAY), time(Date.now() + DAY));
  const key = publicKey.export({ type: "spki", format: "der" });
  const content = sequence(der(0x02, Buffer.from([1])), algorithm, name, validity, name, key);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", content, privateKey));
  const text = sequence(content, algorithm, signature).toString("base64").replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

/** For each connection of a client, gives `lead` what it says without TLS, whether it asks for TLS or not. */
function decrypting(lead) {
  const context = tls.createSecureContext(certificate());
  return (client) => {
    client.once("data", (first) => {
      client.pause();
      if (!first.equals(REQUEST)) {
        client.unshift(first);
        return lead(client);
      }
      client.write(YES);
      const plain = new tls.TLSSocket(client, { isServer: true, secureContext: context });
      lead(plain);
    });
    client.on("error", () => client.destroy());
  };
}

module.exports = { decrypting };
