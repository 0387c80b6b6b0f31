import { API_GROUP, API_VERSION, EGRESS_POLICY, POLICY_LIMITS } from '../src/index.ts';
import { egressPolicySpec } from '../src/schema/egress-policy.ts';
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

/** docs/reference/egress-policy.md: fields, types and reasons from the sources, the meaning in words. */
export function egressPolicyPage(): string {
  const rules = [CALLERS, HOSTS, CLAIMS, NETWORKS, METHODS, templates(), PATHS, LIMITS];
  const sections = [INTRODUCTION, fields(), OUTSIDE, DECISION, reasons(), WHEN, ...rules, GAPS, STATUS];
  return `${sections.join('\n\n')}\n`;
}

const INTRODUCTION = `${pageHead(EGRESS_POLICY)}

\`${API_GROUP}/${API_VERSION}\`, namespaced. It lives beside the callers and says where they may connect to outside of the cluster.

\`\`\`yaml
apiVersion: ${API_GROUP}/${API_VERSION}
kind: ${EGRESS_POLICY.kind}
metadata:
  name: payments
  namespace: shop
spec:
  from:
    - serviceAccount: checkout
  mode: Enforce
  rules:
    - name: card-network
      action: Allow
      to:
        - hosts: [api.cards.example, "*.eu.cards.example"]
          cidrs: [203.0.113.0/24]
          ports: [443]
    - name: package-mirror
      action: Allow
      to:
        - hosts: [mirror.internal.example]
          ports: [80]
          methods: [GET]
          path: /packages/**
    - name: no-metadata
      action: Deny
      to:
        - cidrs: [169.254.169.254/32]
\`\`\``;

function fields(): string {
  return `## Fields

Unknown fields are refused. An absent \`from\` is all workloads of the namespace, an absent \`to\` everything outside.
All rules together may name at most ${POLICY_LIMITS.distinctMethods} different methods and ${POLICY_LIMITS.places} hosts and networks, and no path may match more than
${POLICY_LIMITS.overlap} branches of their templates, since every connection of the callers would pay for that.

${fieldTable(specSchema(egressPolicySpec), 'spec')}`;
}

const OUTSIDE = `## What counts as outside

Every destination behind which the cluster knows no Service, by the dialled address:

- addresses beyond the cluster, and the node's metadata service (\`169.254.169.254\`);
- nodes, and the IP of a pod that **belongs to no Service**: it is an address like any other, so name it in \`cidrs\`;
- what an ExternalName Service points to, since the caller dials another address.

A destination with a Service (its cluster, external and load-balancer IPs, and the addresses in its EndpointSlices, ready or
not, also where an EndpointSlice names addresses beyond the cluster) is not outside: [ApiPolicy](api-policy.md) rules there, and
no EgressPolicy does. So who may write Services or EndpointSlices can take addresses out of reach of every EgressPolicy.`;

const DECISION = `## How a connection is decided

A policy **selects** a connection to the outside when the caller is in the policy's namespace and matches \`from\`. Where several
policies select it, all of them count, in any order:

${decisionSteps('the connection or request')}`;

const WHEN = `## When it is decided

| What the caller does        | What rules see                                    | When, and how a denial looks                              |
| --------------------------- | ------------------------------------------------- | --------------------------------------------------------- |
| connects                    | address and port                                  | at once if nothing could allow it any more: reset         |
| speaks HTTP                 | address, port, host, method and path              | at each request: 403, or 400 for an ambiguous path        |
| speaks TLS                  | address, port and the host in its ClientHello     | before the server gets a byte: reset                      |
| speaks anything else        | address and port                                  | before the server gets a byte: reset                      |
| stalls or breaks off before | nothing: a caller could hide what it speaks so    | \`unreadable_protocol\`, also for a malformed ClientHello: reset |

A connection that is denied at once is not even dialled. For other connections the server sees that somebody connects, and
not a byte, until the decision is made. An upgraded (WebSocket) or tunnelled (CONNECT) connection is decided by its request.
TLS and opaque connections are decided once: a policy that changes meanwhile holds for the next one.`;

const CALLERS = `## Callers

Who calls is what the kernel and the kube API say of the calling pod. All fields of a selector must match; one selector of
\`from\` is enough. A policy governs workloads of its own namespace only.`;

const HOSTS = `## Hosts

A host is the server name (SNI) in the ClientHello of a TLS connection, or Host or \`:authority\` of an HTTP request (for
\`CONNECT\`, the host asked for), in lower case, without port and without a dot at the end.

- \`api.example.com\` matches this name only; \`*.example.com\` matches \`a.example.com\` and \`a.b.example.com\`, but **not**
  \`example.com\` itself.
- The host is **unknown** when the connection is neither TLS nor HTTP, when there is no server name or no Host, when it is an
  IP address, and when the ClientHello offers **ECH**: its outer name is only that of a front. Browsers offer ECH to every
  server, for real or as a decoy (GREASE), and nobody can tell which.
- A selector with \`hosts\` never matches an unknown host, **neither to allow nor to deny**. To forbid hosts for sure, allow the
  others: a Deny by host is passed by a caller that names another one.`;

const CLAIMS = `## What a host proves

**Nothing: Host and server name are what the caller claims.** The bytes go to the address that was dialled, whatever name they
carry, so a compromised pod can reach any server by claiming an allowed name. \`cidrs\` bind the claim to addresses: a selector
with \`hosts\` and \`cidrs\` asks for both, and is the only kind to trust against a hostile caller. Even then every host that
shares those addresses (a CDN) can be reached by naming an allowed one. Rules by host alone keep honest software to its
destinations, and show what it asks for.`;

const NETWORKS = `## Networks and ports

\`cidrs\` hold the dialled address and \`ports\` the dialled port: what the caller asked the kernel for. IPv4 written as IPv6 is
matched as IPv4. A selector with nothing but these holds for every protocol; a Deny by one is decided when the caller connects.
\`methods\` and \`path\` match only requests of HTTP that can be read: **never inside TLS**, neither to allow nor to deny.`;

const GAPS = `## What it does not see

- TCP to port 53 and everything by UDP, DNS and QUIC included: for these use NetworkPolicies beside it.
- Pods that are not enrolled; \`eastwall status\` lists them with the reason.
- A caller whose identity does not become known in time: no namespace's policy can claim it.
- What is inside an allowed connection: another protocol in a tunnel, another host behind an allowed front.`;
