import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import {
  bitString,
  boolean,
  type Der,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utcTime,
  utf8String,
} from './der.ts';

export interface ServerCertificate {
  /** What clients trust. */
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const DAY_MS = 86_400_000;
const VALID_DAYS = 365;

/**
 * A fresh authority and a server certificate from it, for the host names and addresses given (RFC 5280).
 * Node can't issue certificates. The libraries that can bring twenty packages for these hundred lines, and
 * the `openssl` command is not on every machine.
 */
export function issueServerCertificate(hosts: readonly string[], now: Date): ServerCertificate {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name: 'eastwall-sandbox-ca', keys: ca };
  const caCert = certificate(issuer, {
    name: issuer.name,
    publicKey: ca.publicKey,
    extensions: CA_EXTENSIONS,
    now,
  });
  const serverCert = certificate(issuer, {
    name: 'kube-apiserver',
    publicKey: server.publicKey,
    extensions: [
      ...SERVER_EXTENSIONS,
      extension(OID.subjectAltName, sequence(...hosts.map(alternativeName))),
    ],
    now,
  });
  return {
    caPem: pem(caCert),
    certPem: pem(serverCert),
    keyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

interface Issuer {
  readonly name: string;
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Der[];
  readonly now: Date;
}

function certificate(issuer: Issuer, subject: Subject): Der {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const extensions = sequence(
    ...subject.extensions,
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(subject.publicKey))),
    extension(OID.authorityKeyIdentifier, sequence(implicit(0, keyIdentifier(issuer.keys.publicKey)))),
  );
  const tbs = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(randomBytes(16)),
    algorithm,
    distinguishedName(issuer.name),
    validity(subject.now),
    distinguishedName(subject.name),
    publicKeyInfo(subject.publicKey),
    explicit(3, extensions),
  );
  return sequence(tbs, algorithm, bitString(sign('sha256', tbs, issuer.keys.privateKey)));
}

/** From a day ago, so that a clock that lags behind still trusts it. */
const validity = (now: Date): Der =>
  sequence(utcTime(new Date(now.getTime() - DAY_MS)), utcTime(new Date(now.getTime() + VALID_DAYS * DAY_MS)));

const distinguishedName = (commonName: string): Der =>
  sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));

const publicKeyInfo = (key: KeyObject): Der => key.export({ type: 'spki', format: 'der' });

const keyIdentifier = (key: KeyObject): Uint8Array => createHash('sha1').update(publicKeyInfo(key)).digest();

const extension = (oid: string, value: Der): Der => sequence(objectIdentifier(oid), octetString(value));

const criticalExtension = (oid: string, value: Der): Der =>
  sequence(objectIdentifier(oid), boolean(true), octetString(value));

/** keyCertSign and cRLSign. */
const CA_EXTENSIONS: readonly Der[] = [
  criticalExtension(OID.basicConstraints, sequence(boolean(true))),
  criticalExtension(OID.keyUsage, bitString(Uint8Array.of(0b0000_0110), 1)),
];

/** digitalSignature, for TLS servers. */
const SERVER_EXTENSIONS: readonly Der[] = [
  criticalExtension(OID.basicConstraints, sequence()),
  criticalExtension(OID.keyUsage, bitString(Uint8Array.of(0b1000_0000), 7)),
  extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.serverAuth))),
];

/** iPAddress for addresses, dNSName for everything else. */
const alternativeName = (host: string): Der =>
  ipaddr.isValid(host)
    ? implicit(7, Uint8Array.from(ipaddr.parse(host).toByteArray()))
    : implicit(2, new TextEncoder().encode(host));

function pem(der: Der): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
