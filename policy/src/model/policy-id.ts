/** `namespace/name`: how decisions, logs and `PolicySet.with` name a policy. */
export function policyId(policy: { readonly namespace: string; readonly name: string }): string {
  return `${policy.namespace}/${policy.name}`;
}
