import { z } from 'zod';
import * as checks from './checks.ts';
import { limitedRule, limits } from './limit.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import { cidr, hostPattern } from './places.ts';
import {
  localCallers,
  methods,
  mode,
  path,
  ports,
  ruleHead,
  ruleList,
  SET,
  selectorList,
} from './selectors.ts';

/** The one source of what an EgressPolicy is: the parser, the CRD and the reference page come from here. */
const egressSelector = z
  .strictObject({
    hosts: z
      .array(hostPattern())
      .min(1)
      .max(LIMITS.hosts)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({
        description:
          'Names that the caller asks for, by TLS server name or HTTP Host: `api.example.com`, or `*.example.com` for all names below it. A connection that names no host never matches. Absent: every host, and none.',
        ...SET,
      })
      .exactOptional(),
    cidrs: z
      .array(cidr())
      .min(1)
      .max(LIMITS.cidrs)
      .superRefine(checks.checkUnique, checks.ifList)
      .meta({
        description:
          'Networks that hold the dialled address: `203.0.113.0/24`, `2001:db8::/32`. Absent: every address.',
        ...SET,
      })
      .exactOptional(),
    ports: ports('Dialled ports. Absent: every port.').exactOptional(),
    methods: methods().exactOptional(),
    path: path().exactOptional(),
  })
  .superRefine(checks.checkNotEmpty, checks.ifObject)
  .meta({
    description:
      'Connections and requests for which every given field holds. With `methods` or `path`, only requests of cleartext HTTP match.',
    minProperties: 1,
  });

const rule = limitedRule({
  ...ruleHead,
  to: selectorList(
    egressSelector,
    'Where to, and what is asked for; one selector must match. Absent: everything outside.',
  ),
  limits: limits(),
});

export const egressPolicySpec = z
  .strictObject({
    from: localCallers(),
    mode: mode(),
    rules: ruleList(rule, 'Without any rule, an enforced policy denies every connection to the outside.'),
  })
  .meta({ description: 'Where workloads of this namespace may connect to outside of the cluster.' });
