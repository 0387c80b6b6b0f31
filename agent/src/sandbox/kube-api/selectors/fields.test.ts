import { describe, expect, it } from 'vitest';
import { ResourceRegistry } from '../registry.ts';
import { parseFieldSelector } from './fields.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { nodeName: 'a' },
  status: { phase: 'Running' },
};

function parse(selector: string, plural = 'pods') {
  const resource = new ResourceRegistry().byName(plural);
  if (resource === undefined) throw new Error(plural);
  return parseFieldSelector(resource, selector);
}

function matches(selector: string): boolean {
  const parsed = parse(selector);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value(POD);
}

describe('parseFieldSelector', () => {
  it.each([
    '',
    'spec.nodeName=a',
    'spec.nodeName==a,status.phase!=Failed',
    'metadata.name=web,metadata.namespace=shop',
    'status.podIP=',
    'spec.hostNetwork=false',
  ])('matches `%s`', (selector) => {
    expect(matches(selector)).toBe(true);
  });

  it.each(['spec.nodeName=b', 'status.phase!=Running', 'status.podIP!='])(
    'does not match `%s`',
    (selector) => {
      expect(matches(selector)).toBe(false);
    },
  );

  it('refuses a field that the kind has no index for', () => {
    expect(parse('spec.nodeName=a', 'services')).toEqual({
      ok: false,
      error: 'field label not supported: spec.nodeName',
    });
    expect(parse('nonsense').ok).toBe(false);
  });
});
