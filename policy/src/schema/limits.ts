/** How much one ApiPolicy may hold. The CRD states the same bounds, so the API server refuses more at once. */
export const API_POLICY_LIMITS = {
  /** Services in `target.services`. */
  services: 64,
  /** Ports in `target.ports`. */
  ports: 64,
  /** Rules of a policy. */
  rules: 256,
  /** Selectors in `from`, and in `to`. */
  selectors: 64,
  /** Methods of an operation selector. */
  methods: 16,
  /** Labels of a caller selector. */
  labels: 8,
} as const;
