import { describe, expect, it } from 'vitest';
import { deniedRecord, flowRecord } from '../../../testing/flow-record.ts';
import { explain } from '../../admin/explanation.ts';
import { plain } from './colour.ts';
import { explanationText } from './explanation-text.ts';

const text = (record: Parameters<typeof explain>[0]) => explanationText(record, explain(record), plain);

describe('explanationText', () => {
  it('says who, what, why and what to change', () => {
    expect(
      text(deniedRecord({ id: 'ew-7', time: 0 })),
    ).toBe(`ew-7: denied: policy \`shop/orders\` selects this destination and no rule allows the request
  when        1970-01-01T00:00:00.000Z
  node        node-1
  caller      Deployment shop/frontend
  pod         shop/frontend-5d9c7-x2x4z
  account     shop/frontend
  destination shop/orders:80, dialled as 10.96.0.10 port 80
  request     GET /orders/7
  host        orders.shop
  verdict     deny (no_rule_allows)
  policy      shop/orders
  outcome     denied, status 403
  moved       120B sent, 4.0KiB received in 3.0ms

what to do:
  - if the caller should be allowed, add a rule to policy \`shop/orders\`
  - to see without refusing, set policy \`shop/orders\` to mode \`Audit\`

a rule that allows exactly this:

    - name: allow-frontend
      action: Allow
      from: [{ serviceAccount: shop/frontend }]
      to: [{ methods: [GET], path: '/orders/{id:int}' }]
`);
  });

  it('leaves out what there is not', () => {
    const opaque = text(
      flowRecord({ caller: null, protocol: 'opaque', method: '', path: '', host: '', status: 0 }),
    );
    expect(opaque).toContain('  caller      unknown\n');
    expect(opaque).not.toMatch(/ {2}(pod|account|request|host|policy|rule) /);
    expect(opaque).not.toContain('what to do');
  });
});
