import { describe, expect, it } from 'vitest';
import { message, messageField, stringField } from './protobuf.ts';
import { decodeProtobufBody } from './protobuf-body.ts';

const body = (apiVersion: string, kind: string, ...raw: readonly Uint8Array[]): Uint8Array =>
  message(
    new TextEncoder().encode('k8s\0'),
    messageField(1, stringField(1, apiVersion), stringField(2, kind)),
    messageField(2, ...raw),
  );

const varint = (number: number, value: number) => Uint8Array.of(number * 8, value);

describe('decodeProtobufBody', () => {
  it('reads a kind of the table as the JSON it stands for', () => {
    const port = messageField(1, varint(3, 80), messageField(4, varint(1, 1), stringField(3, 'http')));
    const labels = messageField(11, stringField(1, 'app'), stringField(2, 'web'));
    const bytes = body(
      'v1',
      'Service',
      messageField(1, stringField(1, 'web'), labels),
      messageField(2, port),
    );
    expect(decodeProtobufBody(bytes)).toEqual({
      ok: true,
      value: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', labels: { app: 'web' } },
        spec: { ports: [{ port: 80, targetPort: 'http' }] },
      },
    });
  });

  it('keeps a zero that means something', () => {
    const spec = messageField(2, varint(1, 0), messageField(4, stringField(1, '')));
    expect(decodeProtobufBody(body('apps/v1', 'Deployment', spec))).toMatchObject({
      value: { spec: { replicas: 0 } },
    });
  });

  it('refuses what it would lose, and what is broken', () => {
    const refusal = (bytes: Uint8Array) => {
      const decoded = decodeProtobufBody(bytes);
      return decoded.ok ? undefined : decoded.error;
    };
    expect(refusal(body('v1', 'ConfigMap', stringField(9, 'x')))).toContain('field 9 of ConfigMap');
    expect(refusal(body('v1', 'ConfigMap', stringField(9, '')))).toBeUndefined();
    expect(refusal(body('v1', 'Pod'))).toContain('no protocol buffer support for Pod');
    expect(refusal(body('v1', 'ConfigMap', Uint8Array.of(0x0a, 50)))).toContain('a broken ConfigMap');
    expect(refusal(new TextEncoder().encode('{}'))).toContain('no Kubernetes protocol buffer');
  });
});
