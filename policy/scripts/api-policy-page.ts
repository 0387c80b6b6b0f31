import { API_GROUP, API_POLICY, API_VERSION, POLICY_LIMITS } from '../src/index.ts';
import { apiPolicySpec } from '../src/schema/api-policy.ts';
import { specSchema } from '../src/schema/structural.ts';
import { fieldTable } from './field-table.ts';
import {
  decisionSteps,
  LIMITS,
  METHODS,
  PATHS,
  pageHead,
  reasons,
  STATUS,
  templates,
} from './shared-sections.ts';

/** docs/reference/api-policy.md: fields, types and reasons from the sources, the meaning in words. */
export function apiPolicyPage(): string {
  const rules = [CALLERS, PORTS, METHODS, GRPC, templates(), PATHS, LIMITS];
  const sections = [INTRODUCTION, fields(), DECISION, reasons(), UNREAD, ...rules, STATUS];
  return `${sections.join('\n\n')}\n`;
}

const INTRODUCTION = `${pageHead(API_POLICY)}

\`${API_GROUP}/${API_VERSION}\`, namespaced. It lives beside the Services it protects and says who may call what there.

\`\`\`yaml
apiVersion: ${API_GROUP}/${API_VERSION}
kind: ${API_POLICY.kind}
metadata:
  name: orders
  namespace: shop
spec:
  target:
    services: [orders]
  mode: Audit
  rules:
    - name: checkout-reads
      action: Allow
      from:
        - serviceAccount: checkout
      to:
        - methods: [GET]
          path: /v1/orders/{id:int}
    - name: nobody-purges
      action: Deny
      to:
        - path: /v1/orders/purge/**
\`\`\``;

function fields(): string {
  return `## Fields

Unknown fields are refused. An absent \`from\` is every caller, an absent \`to\` every operation.
All rules together may name at most ${POLICY_LIMITS.distinctMethods} different methods, and no path may match more than ${POLICY_LIMITS.overlap} branches of their templates
(templates that mix \`{a}\`, \`{a:int}\` and texts at many levels), since every request to the target would pay for that.

${fieldTable(specSchema(apiPolicySpec), 'spec')}`;
}

const DECISION = `## How a request is decided

A policy **selects** a destination when one of the destination's Services is in the policy's namespace and in its
\`target\`. Where several policies select it, all of them count, in any order:

${decisionSteps('the request')}`;

const UNREAD = `## What is not HTTP

Rules speak of requests, so they can allow nothing else. Where a policy is enforced, TLS, other protocols, and connections
that stall or break off before they have shown what they speak are refused as \`unreadable_protocol\`; where one audits, they
are reported.`;

const CALLERS = `## Callers

Who calls is what the kernel and the kube API say of the calling pod; nothing that the request says counts.
All fields of a selector must match; one selector of \`from\` is enough.

A selector speaks of callers in **the policy's own namespace** unless it names another, by \`namespace\` or by a service
account written \`namespace/name\`. So \`labels: {app: web}\` takes no pod of another namespace that gave itself this label.
\`namespace: "*"\` takes callers of every namespace.`;

const PORTS = `## Ports

\`ports\` are Service ports. A call to a pod's IP counts as one to the Service port that forwards there. When the pod port
is one that **no Service names**, nothing tells whether the same process answers on it, so it must not be a way round a policy
that is restricted to other ports:

- a policy without \`ports\` applies as always;
- a policy that lists the dialled port number applies as always;
- any other policy of the Service selects the destination and its Deny rules hold, but its Allow rules do not count.

To open such a port (metrics, say), allow it in a policy without \`ports\` or one that lists it.`;

const GRPC = `## gRPC

\`grpc: {service: shop.Orders, method: GetOrder}\` takes \`POST\` to exactly \`/shop.Orders/GetOrder\`, which is what such a call is
on the wire; without \`method\` it takes one segment of any text after the service. It stands alone in its selector. The content
type does not count: a plain \`POST\` to that path is taken too.`;
