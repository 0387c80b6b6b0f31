/** How much one policy may hold. The CRD states the same bounds, so the API server refuses more at once. */
export const POLICY_LIMITS = {
  /** Services in `target.services`. */
  services: 64,
  /** Ports of a target or a selector. */
  ports: 64,
  /** Expectations of a policy, and ids that a run may ask for. */
  expectations: 32,
  distinctPerRun: 10_000_000,
  /** Namespaces of a profile, and administrative paths. */
  namespaces: 256,
  adminPaths: 64,
  /** Hosts, and networks, of an egress selector. */
  hosts: 64,
  cidrs: 64,
  /** Labels of a host: each may be one more domain to look the host up by. */
  hostLabels: 16,
  /** Rules of a policy. */
  rules: 256,
  /** Selectors in `from`, and in `to`. */
  selectors: 64,
  /** Methods of an operation selector. */
  methods: 16,
  /** Characters of a gRPC service with its package, and of a gRPC method: together a path that a template can say. */
  grpcService: 253,
  grpcMethod: 128,
  /** Limits of a rule. */
  limits: 4,
  /** Bounds of what a limit may say: tokens at once, tokens per request, requests under way. */
  burst: 10_000_000,
  cost: 10_000,
  concurrency: 1_000_000,
  /** Labels of a caller selector. */
  labels: 8,
  /** Hosts and networks in all rules together, each time one is named. */
  places: 4096,
  /** Different methods in all rules together: what a request's method is compared with. */
  distinctMethods: 64,
  /** Branches of all templates together that one path could make the matcher follow (`overlapOf`). */
  overlap: 256,
} as const;
