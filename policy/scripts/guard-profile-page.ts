import { API_GROUP, API_VERSION, GUARD_PROFILE } from '../src/index.ts';
import { guardProfileSpec } from '../src/schema/guard-profile.ts';
import { specSchema } from '../src/schema/structural.ts';
import { fieldTable } from './field-table.ts';
import { pageHead, STATUS } from './shared-sections.ts';

/** docs/reference/guard-profile.md: fields from the schema, the meaning in words. */
export function guardProfilePage(): string {
  return `${[INTRODUCTION, fields(), WHICH, ACTIONS, STATUS].join('\n\n')}\n`;
}

const INTRODUCTION = `${pageHead(GUARD_PROFILE)}

\`${API_GROUP}/${API_VERSION}\`, cluster-wide. It says what guards do about what they notice. Without any, every detection makes findings
and nothing is refused.

\`\`\`yaml
apiVersion: ${API_GROUP}/${API_VERSION}
kind: ${GUARD_PROFILE.kind}
metadata:
  name: shop
spec:
  namespaces: [shop]
  alertBudgetPerWeek: 1
  detections:
    - id: object-enumeration
      action: Throttle
    - id: foreign-token
      action: Block
    - id: new-edge
      action: "Off"
  operators:
    - serviceAccount: monitoring/prometheus
\`\`\``;

const fields = () => `## Fields

Unknown fields are refused. What a profile leaves out is as without it.

${fieldTable(specSchema(guardProfileSpec), 'spec')}`;

const WHICH = `## Which profile holds

That of the **caller's** namespace: the first by name that names it in \`namespaces\`; else the first without \`namespaces\`; else what
is built in. Profiles are not added up.`;

const ACTIONS = `## Actions

An action is taken only on strong evidence, and never during warm-up: for [object-enumeration](detections.md#object-enumeration) two
of four independent signals. A refused request is answered with 403, a throttled one with 429, and both name the decision id
that \`eastwall explain\` takes. A rule of an [ApiPolicy](api-policy.md) may say otherwise for its operations.`;
