import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { issueServerCertificate } from './certificates.ts';

describe('issueServerCertificate', () => {
  const now = new Date('2026-05-06T07:08:09Z');
  const issued = issueServerCertificate(['127.0.0.1', '::1', 'kubernetes.default.svc'], now);
  const ca = new X509Certificate(issued.caPem);
  const server = new X509Certificate(issued.certPem);

  it('makes an authority that signs itself and the server', () => {
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.checkIssued(ca)).toBe(true);
    expect(server.verify(ca.publicKey)).toBe(true);
  });

  it('names the hosts it is for, and no others', () => {
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(server.checkIP('::1')).toBe('::1');
    expect(server.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
    expect(server.checkIP('10.0.0.1')).toBeUndefined();
    expect(server.checkHost('example.org')).toBeUndefined();
  });

  it('is valid around the time it was made', () => {
    expect(new Date(server.validFrom).getTime()).toBeLessThan(now.getTime());
    expect(new Date(server.validTo).getTime()).toBeGreaterThan(now.getTime());
  });
});
