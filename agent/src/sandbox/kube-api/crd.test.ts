import { describe, expect, it } from 'vitest';
import { ObjectStore } from './store.ts';
import { refusal, value } from './testing/objects.ts';
import { WIDGET_CRD, widget } from './testing/widget.ts';

describe('custom resources', () => {
  function withWidgets(): ObjectStore {
    const store = new ObjectStore();
    value(store.apply(WIDGET_CRD));
    return store;
  }

  it('are served from the moment their definition is stored, which says so', () => {
    const store = new ObjectStore();
    expect(refusal(store.apply(widget('a')))).toContain('no matches for kind "Widget"');
    const crd = value(store.apply(WIDGET_CRD));
    expect(crd['status']).toMatchObject({
      acceptedNames: { kind: 'Widget', singular: 'widget', listKind: 'WidgetList' },
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
      storedVersions: ['v1alpha1'],
    });
    expect(store.apply(widget('a')).ok).toBe(true);
    expect(store.list('widgets.example.dev')).toHaveLength(1);
  });

  it('are defaulted, pruned and validated by their schema', () => {
    const store = withWidgets();
    const stored = value(store.apply(widget('a', { mode: 'Audit', stray: 1, parts: [{ name: 'x' }] })));
    expect(stored['spec']).toEqual({ mode: 'Audit', parts: [{ name: 'x', size: 1 }] });
    expect(refusal(store.apply(widget('b', { mode: 'Sing', parts: [{ name: 'X' }, { name: 'X' }] })))).toBe(
      '422 Widget.example.dev "b" is invalid: [spec.mode: Unsupported value: "Sing": supported values: "Audit", "Enforce", ' +
        `spec.parts[1]: Duplicate value: {"name":"X"}, ` +
        `spec.parts[0].name: Invalid value: "X": spec.parts[0].name in body should match '^[a-z]+$', ` +
        `spec.parts[1].name: Invalid value: "X": spec.parts[1].name in body should match '^[a-z]+$']`,
    );
  });

  it('go with their definition', () => {
    const store = withWidgets();
    store.apply(widget('a'));
    const seen: string[] = [];
    store.subscribe('widgets.example.dev', (event) => seen.push(event.type));
    store.remove('customresourcedefinitions', undefined, 'widgets.example.dev');
    expect(seen).toEqual(['DELETED']);
    expect(store.registry.byName('widgets.example.dev')).toBeUndefined();
    expect(() => store.list('widgets.example.dev')).toThrow('no resource');
  });

  it('are served at the versions that say so', () => {
    const store = new ObjectStore();
    const [version] = (WIDGET_CRD['spec'] as { versions: object[] }).versions;
    const versions = [
      version,
      { ...version, name: 'v1beta1', storage: false },
      { ...version, name: 'v1', served: false, storage: false },
    ];
    value(store.apply({ ...WIDGET_CRD, spec: { ...(WIDGET_CRD['spec'] as object), versions } }));
    expect(value(store.apply({ ...widget('a'), apiVersion: 'example.dev/v1beta1' })).apiVersion).toBe(
      'example.dev/v1alpha1',
    );
    expect(refusal(store.apply({ ...widget('a'), apiVersion: 'example.dev/v1' }))).toContain(
      'no matches for kind',
    );
  });

  it('can not be defined by a definition that makes no sense', () => {
    const store = new ObjectStore();
    const broken = (spec: object) =>
      store.apply({ ...WIDGET_CRD, spec: { ...(WIDGET_CRD['spec'] as object), ...spec } });
    expect(refusal(broken({ group: 'other.dev' }))).toContain('metadata.name');
    expect(refusal(broken({ scope: 'Galaxy' }))).toContain('spec.scope');
    expect(refusal(broken({ versions: [] }))).toContain('exactly one version');
    const schema = {
      openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', pattern: '(' }, b: {} } },
    };
    const refused = refusal(broken({ versions: [{ name: 'v1', served: true, storage: true, schema }] }));
    expect(refused).toContain('properties[a].pattern');
    expect(refused).toContain('properties[b].type');
  });
});
