import { z } from 'zod';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import { quote } from './quote.ts';

// Kubernetes' own name rules (k8s.io/apimachinery/pkg/util/validation), so that nothing is refused that could exist.
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?';

const matching = (pattern: string, what: string) =>
  z.string().regex(new RegExp(`^${pattern}$`), { error: ({ input }) => `${quote(input)} is not ${what}` });

export const namespaceName = () => matching(LABEL, 'a namespace name').max(63);

/** Service names are DNS labels, `RFC 1035` ones until Kubernetes 1.34. */
export const serviceName = () => matching(LABEL, 'a Service name').max(63);

/** Names of pods, controllers and custom resources. */
export const objectName = (what: string) => matching(SUBDOMAIN, what).max(253);

export const serviceAccountName = () =>
  matching(`(${LABEL}/)?${SUBDOMAIN}`, 'a service account: `name` or `namespace/name`').max(317);

export const namespaceOrAny = () => matching(`(\\*|${LABEL})`, 'a namespace name or `*`').max(63);

export const labelKey = () => matching(`(${SUBDOMAIN}/)?${QUALIFIED}`, 'a label key').max(317);

export const labelValue = () => matching(`(${QUALIFIED})?`, 'a label value').max(63);

/** Rule names appear in denials, logs and metrics. */
export const ruleName = () => matching(LABEL, 'a rule name: lower-case letters, digits and `-`').max(63);

// Protobuf's identifiers (https://protobuf.dev/reference/protobuf/proto3-spec): they need no escape in a path.
const IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';

export const grpcService = () =>
  matching(`${IDENTIFIER}(\\.${IDENTIFIER})*`, 'a gRPC service, like `shop.Orders`').max(LIMITS.grpcService);

export const grpcMethod = () => matching(IDENTIFIER, 'a gRPC method, like `GetOrder`').max(LIMITS.grpcMethod);

export const kindName = () => matching('[A-Z][A-Za-z0-9]*', 'a kind, like `Deployment`').max(63);

/** RFC 9110 §5.6.2 token without lower case: methods are case-sensitive and the known ones are upper-case. */
export const methodName = () =>
  matching("[A-Z0-9!#$%&'*+.^_`|~-]+", 'a method: an upper-case token, like `GET`').max(32);
