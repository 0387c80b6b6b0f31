/** How bad it is when it is true; a SIEM sorts by it. */
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What is known about a kind of finding, whoever it is about. The reference page comes from here. */
export interface Detection {
  readonly title: string;
  /** What it means and why it matters, for who reads it for the first time. */
  readonly meaning: string;
  /** What to look at, or do, first. */
  readonly advice: string;
  readonly severity: Severity;
  /** Items of the OWASP API Security Top 10 of 2023. */
  readonly owasp: readonly string[];
  /** Techniques of MITRE ATT&CK and, for attacks on AI systems, of MITRE ATLAS (`AML.…`). */
  readonly techniques: readonly string[];
  /** Whether a guard can act on the request that shows it; otherwise it can only be reported. */
  readonly inline: boolean;
}

/**
 * Every detection there is, by the id that never changes: it is in events, metrics, policies and dashboards.
 * Mappings: OWASP API Security Top 10 2023, MITRE ATT&CK v17, MITRE ATLAS.
 */
export const DETECTIONS = {
  'object-enumeration': {
    title: 'objects are fetched by ids that the caller was never shown',
    meaning:
      'A workload asks one operation for many objects whose ids came in none of the responses, requests or writes it has seen: somebody is guessing or walking ids (broken object level authorization).',
    advice:
      'Look at the caller’s pod first. For a batch job that has its ids from elsewhere, add an expectation to the policy.',
    severity: 'high',
    owasp: ['API1:2023'],
    techniques: ['T1119', 'T1213'],
    inline: true,
  },
  'undeclared-batch': {
    title: 'a scheduled job asks for many ids that nothing explains',
    meaning:
      'The runs of a CronJob ask one operation for ids that they have from elsewhere. Nothing is wrong with that, but somebody who has taken the job over would not stand out among them.',
    advice:
      'Add an expectation to the policy of the operation; `eastwall findings show` writes it. Then more ids, or ids at another time, are an alert.',
    severity: 'info',
    owasp: [],
    techniques: [],
    inline: false,
  },
  'call-anomaly': {
    title: 'a caller makes many times more calls than it ever did',
    meaning:
      'The calls of a workload to one operation are a multiple of its own usual number at this hour of the week.',
    advice:
      'Compare with rollouts and schedules; limit the operation when it is not meant to be called so often.',
    severity: 'medium',
    owasp: ['API4:2023', 'API6:2023'],
    techniques: ['T1499.002'],
    inline: false,
  },
  'volume-anomaly': {
    title: 'a caller takes out many times more bytes than it ever did',
    meaning:
      'What one operation has sent to a workload is a multiple of its own usual amount at this hour of the week.',
    advice: 'Look at what the caller did with it: an export that nobody has announced looks like this.',
    severity: 'medium',
    owasp: ['API4:2023'],
    techniques: ['T1030', 'T1048'],
    inline: false,
  },
  'operation-anomaly': {
    title: 'a caller uses many more operations of a service than it ever did',
    meaning:
      'A workload calls a multiple of the distinct operations that it usually calls: it is looking round.',
    advice: 'An allowlist for this caller (`ApiPolicy`) ends it.',
    severity: 'medium',
    owasp: ['API5:2023', 'API9:2023'],
    techniques: ['T1046', 'T1595'],
    inline: false,
  },
  'new-edge': {
    title: 'a caller reaches a service for the first time',
    meaning: 'A workload that has been running for a while calls a service that it has never called before.',
    advice: 'Expected after a rollout of the caller; otherwise look at the caller’s pod.',
    severity: 'low',
    owasp: ['API9:2023'],
    techniques: ['T1210'],
    inline: false,
  },
  'foreign-token': {
    title: 'a service-account token is used by another workload than its own',
    meaning:
      'A Kubernetes service-account token names another service account or pod than the one that sends it: it was copied.',
    advice: 'Rotate the token’s service account and look at both pods.',
    severity: 'critical',
    owasp: ['API2:2023'],
    techniques: ['T1528', 'T1550.001'],
    inline: true,
  },
  'shared-credential': {
    title: 'one credential is used by several workloads',
    meaning:
      'The same bearer token, API key or Basic credential comes from several workloads; compared by salted hash only.',
    advice: 'Give each workload its own credential, so that one that leaks can be told and withdrawn.',
    severity: 'medium',
    owasp: ['API2:2023'],
    techniques: ['T1078', 'T1552'],
    inline: false,
  },
  'metadata-access': {
    title: 'a pod asks the cloud’s metadata service',
    meaning:
      'A workload has called 169.254.169.254 or its like, where nodes get their own cloud credentials.',
    advice: 'Deny it by an `EgressPolicy` unless the workload is meant to; use workload identity instead.',
    severity: 'high',
    owasp: ['API7:2023'],
    techniques: ['T1552.005'],
    inline: true,
  },
  'admin-endpoint': {
    title: 'a stranger asks for an administrative endpoint',
    meaning:
      'A workload asks for an endpoint that is there for operators (`/actuator`, `/debug/pprof`, `/metrics`, …), and is no monitoring system.',
    advice: 'Deny the path by an `ApiPolicy`, or serve it on a port of its own.',
    severity: 'medium',
    owasp: ['API8:2023', 'API5:2023'],
    techniques: ['T1082', 'T1190'],
    inline: true,
  },
  'parameter-pollution': {
    title: 'one request names one object in two ways',
    meaning:
      'The same kind of id is in two places of a request with different values: servers that check one and use the other give access to the second.',
    advice: 'Have the service refuse requests that repeat a parameter.',
    severity: 'medium',
    owasp: ['API1:2023', 'API3:2023'],
    techniques: ['T1190'],
    inline: true,
  },
  'protocol-drift': {
    title: 'a destination that was HTTP is spoken to in something else',
    meaning:
      'A port that has spoken HTTP for long is now sent bytes that nobody can read: a tunnel, or an attempt at not being seen.',
    advice: 'Put an enforced `ApiPolicy` on the service: what can’t be read is then refused.',
    severity: 'medium',
    owasp: ['API8:2023'],
    techniques: ['T1572', 'T1095'],
    inline: false,
  },
  'quic-egress': {
    title: 'a workload speaks QUIC, which nobody reads',
    meaning: 'A pod has sent UDP to port 443: HTTP/3, which passes the agent.',
    advice: 'Refuse it (`eastwall.dev/quic: refuse`): clients fall back to TCP.',
    severity: 'low',
    owasp: ['API8:2023'],
    techniques: ['T1048', 'T1095'],
    inline: false,
  },
  'interception-bypass': {
    title: 'a pod has tried to get past the agent',
    meaning:
      'The kernel has counted packets that a pod wrote to its interface as whole frames, or that carry the agent’s own mark: attempts at not being intercepted.',
    advice: 'Quarantine the pod and drop NET_RAW from its containers.',
    severity: 'critical',
    owasp: ['API8:2023'],
    techniques: ['T1562', 'T1205'],
    inline: false,
  },
} as const satisfies Record<string, Detection>;

export type DetectionId = keyof typeof DETECTIONS;

export const DETECTION_IDS = Object.keys(DETECTIONS) as readonly DetectionId[];
