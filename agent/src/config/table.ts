import { EVENT_SETTINGS } from './event-settings.ts';
import {
  absolutePath,
  bytes,
  integer,
  issuerList,
  listenAddress,
  namespaceList,
  nodeName,
  objectName,
  oneOf,
  optionalPath,
  orAuto,
  portRanges,
  storeName,
  taintKey,
} from './parsers.ts';
import { count, file, HOUR, KIB, MINUTE, SECOND, type Setting, setting, time } from './setting.ts';
import { storeAddress } from './store-address.ts';

/** Every setting there is. A fallback of `auto` is resolved in `load.ts`. */
export const SETTINGS = {
  node: setting(
    orAuto(nodeName),
    'auto',
    'name',
    'Name of the node this agent serves; `auto` is the hostname.',
  ),
  netnsDir: setting(
    absolutePath,
    '/run/netns',
    'path',
    'Directory where the container runtime keeps the network namespaces of pods.',
  ),
  runDir: setting(
    absolutePath,
    '/run/eastwall',
    'path',
    'Directory of the admin socket (`admin.sock`) and of the one where a new agent takes over from the old (`handover.sock`); made when missing. All agents of a node need the same.',
  ),
  kubeconfig: file('Kubeconfig of the kube API; empty uses the service account mounted into the pod.'),
  excludedNamespaces: setting(
    namespaceList,
    'kube-system,eastwall-system',
    'names',
    'Namespaces whose pods are never enrolled, comma-separated; the agent’s own belongs here.',
  ),
  nodePorts: setting(
    oneOf('on', 'off'),
    'on',
    'whether',
    'Whether a connection to a node port is known as one to its Service, so that its policies hold. Takes `list` and `watch` of all nodes, which in clusters of thousands is much for the kube API; with `off` such connections count as leaving the cluster.',
  ),
  exemption: setting(
    oneOf('auto', 'mark'),
    'auto',
    'how',
    'How the agent’s own connections are told from the pods’: `auto` by cgroup where that can be proven, else by a secret mark; `mark` by mark.',
  ),
  rules: setting(
    oneOf('auto', 'iptables'),
    'auto',
    'how',
    'How rules are put into pods: `auto` by nftables, or by iptables on kernels without; `iptables` by iptables only, which knows no fail modes, does not observe what comes to pods, and counts nothing.',
  ),
  failMode: setting(
    oneOf('open', 'closed'),
    'open',
    'mode',
    'New connections of a pod while no agent judges them: `open` lets them go direct, `closed` refuses them. The annotation `eastwall.dev/fail-mode` of a pod or of its Namespace comes first. Enforced by the kernel; needs nftables.',
  ),
  quic: setting(
    oneOf('count', 'refuse'),
    'count',
    'what',
    'What becomes of UDP to port 443 that pods send: QUIC, which nobody reads. `count` lets it pass and makes a finding, `refuse` answers port unreachable, so that clients fall back to TCP. The annotation `eastwall.dev/quic` of a pod or of its Namespace comes first. Counting needs nftables.',
  ),
  inbound: setting(
    oneOf('auto', 'on', 'off'),
    'auto',
    'when',
    'Whether the agent also sees the requests that a pod is asked, to tell by them what explains its own: `auto` for pods of workloads that have asked for three ids which nothing else explains, `on`, or `off`. The annotation `eastwall.dev/inbound` (`on` or `off`) of a pod or of its Namespace comes first. Nothing is decided by it; it costs about as much as relaying what comes to the pod, and it needs nftables.',
  ),
  inboundIdleMs: time(
    '24h',
    SECOND,
    30 * 24 * HOUR,
    'Time in which no pod of a workload asks for an id that only what it is asked could explain; after it, what comes to them is not observed any more, where `--inbound` is `auto`. Long enough for a quiet night: connections from before the next observation would not be seen.',
  ),
  packetGuard: setting(
    oneOf('auto', 'off'),
    'auto',
    'how',
    'Whether to drop connections that a pod with CAP_NET_RAW writes to its interface as whole frames, past all rules: `auto` does where the kernel can; `off` never.',
  ),
  gateTimeoutMs: time(
    '15s',
    SECOND,
    10 * MINUTE,
    'Time after the last sign of life of a dataplane until the fail mode of its pods takes effect; a sign is given every third of it.',
  ),
  logLevel: setting(
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
    'info',
    'level',
    'Least severe line that is logged: `trace`, `debug`, `info`, `warn`, `error` or `fatal`.',
  ),
  metricsAddress: setting(
    listenAddress,
    '127.0.0.1:9464',
    'address',
    'Address of `/metrics`, `/readyz` and `/livez`; `*:9464` is every address. Other than loopback it takes `--metrics-token-file`; `off` listens on the admin socket only.',
  ),
  metricsTokenFile: file(
    'File with a token that `/metrics` asks for (`Authorization: Bearer …`), since it names workloads; probes need none. Empty asks for nothing, and allows loopback only. Read again for every request.',
  ),
  adminAddress: setting(
    listenAddress,
    '127.0.0.1:9465',
    'address',
    'Loopback address for all that the admin socket answers, which is how `eastwall` reaches the agent by the port-forward of the kube API. Root and the agent’s own user are answered, nobody else, as at the socket; `off` listens on the socket only.',
  ),
  onExit: setting(
    oneOf('remove', 'keep'),
    'remove',
    'what',
    'What a stopping agent does with its rules: `remove` lets pods go direct, except those in fail mode `closed`; `keep` leaves them for the next agent: new connections are refused until it comes, or until `--gate-timeout` is over and the fail mode takes effect. So it is with a killed agent.',
  ),
  releaseMark: setting(
    objectName,
    '',
    'namespace/name',
    'ConfigMap by which the release says that it is being uninstalled: with `state: leaving` in it, or once it has been deleted and the agent is asked to stop, the agent takes what it has put into pods out again, also where the fail mode is `closed`. Empty: nobody says so.',
  ),
  uninstallDrainMs: time(
    '3m',
    0,
    HOUR,
    'Time that open connections may take to finish when the release is uninstalled; then they are cut, since the last rules can only go after them.',
  ),
  startupTaint: setting(
    taintKey,
    '',
    'key',
    'Key of a taint that the agent takes off its node as soon as it is ready, so that no pod is scheduled there before. Empty: nodes are left alone.',
  ),
  dataplanes: setting(
    orAuto(integer({ min: 1, max: 64 })),
    'auto',
    'number',
    'Dataplane processes; pods are spread over them. `auto` is one per two cores, from 1 to 8.',
  ),
  opaquePorts: setting(
    portRanges,
    '22,25,587,3306,4222,5432,5672,6379,9042,9092,11211,27017',
    'ports',
    'Ports whose connections pass unread from the first byte on, without a look at what they speak: `25,8000-8010`. The annotation `eastwall.dev/opaque-ports` of a Service, else of the calling pod, replaces the list. An enforced policy comes first.',
  ),
  maxConnections: count(
    '20000',
    1,
    1_000_000,
    'Connections that one dataplane process keeps open at once; one pod gets three quarters of them at most.',
  ),
  maxBufferedBytes: setting(
    bytes({ min: KIB * KIB, max: 64 * KIB * KIB * KIB }),
    '512MiB',
    'size',
    'Memory for what waits in connections, HTTP/2 streams and their records included; each dataplane has its share of it. Beyond it connections of the pod that takes most are ended.',
  ),
  maxOperations: count(
    '20000',
    100,
    1_000_000,
    'Operations that a dataplane, and the catalog of `eastwall apis`, keep; the longest unused are forgotten.',
  ),
  maxEnumerationKeys: count(
    '20000',
    64,
    1_000_000,
    'Caller × operation × place of an id that a dataplane watches for enumeration, for each kind of GuardProfile; 318 bytes each. The least recently used are judged together.',
  ),
  maxProvenanceWorkloads: count(
    '128',
    1,
    10_000,
    'Workloads of the node of which a dataplane remembers what ids they were shown; 144 KiB each.',
  ),
  provenanceMs: time(
    '15m',
    SECOND,
    24 * HOUR,
    'Time that an id, once shown to a workload, explains at least that it asks for it; twice as long at most. As long after the agent has met a workload, nothing is held against it.',
  ),
  learnedDir: setting(
    orAuto(optionalPath),
    'auto',
    'path',
    'Directory of the file (`learned`) in which what was learnt of the traffic outlives the agent: operations, what is usual for whom, the catalog; no ids, no values. `auto` is `--run-dir`, which a node forgets when it is started anew; empty keeps nothing.',
  ),
  learnedEveryMs: time(
    '5m',
    SECOND,
    24 * HOUR,
    'Time between two times that it is written; as old is what the next agent finds.',
  ),
  newsMs: time(
    '10s',
    SECOND,
    10 * MINUTE,
    'Time between two messages in which dataplanes, and agents that share a store, tell each other what ids workloads were shown and who uses which credential.',
  ),
  maxHeadBytes: setting(
    bytes({ min: KIB, max: KIB * KIB }),
    '64KiB',
    'size',
    'Longest request or response head (start line and headers).',
  ),
  maxHeldBytes: setting(
    bytes({ min: KIB, max: KIB * KIB }),
    '64KiB',
    'size',
    'Most of a request’s body that is held back while guards have yet to see it; what is longer goes on, or is refused, by what they have seen. The requests of one HTTP/2 connection share four times as much, and half of its window: 32 KiB where the server does not grant more.',
  ),
  holdTimeoutMs: time(
    '5s',
    100,
    10 * MINUTE,
    'Longest time that a request is held back for guards to see its body; then as when it is too long.',
  ),
  headTimeoutMs: time('30s', 100, HOUR, 'Time for a head to arrive completely once its first byte has.'),
  bodyTimeoutMs: time(
    '30m',
    SECOND,
    7 * 24 * HOUR,
    'Time for 64 KiB more, or the rest, of a request body, while the server takes what comes and does not answer. For HTTP/2 of each stream alone, but gRPC, whose streams may rest.',
  ),
  firstByteTimeoutMs: time(
    '10m',
    100,
    24 * HOUR,
    'Time a new connection may stay silent in both directions.',
  ),
  idleTimeoutMs: time('1h', SECOND, 7 * 24 * HOUR, 'Time an established connection may move no byte.'),
  identityHoldMs: time('5s', 0, MINUTE, 'Time a connection waits for its caller to be known.'),
  recordQueue: count(
    '10000',
    100,
    1_000_000,
    'Flow records that a dataplane keeps until control takes them.',
  ),
  flowLogRecords: count(
    '10000',
    100,
    1_000_000,
    'Flow records kept in memory for `explain` and `tail --since`.',
  ),
  findingLog: count(
    '2000',
    10,
    100_000,
    'Findings kept in memory for `findings`; resolved ones make room first.',
  ),
  maxOpenFindings: count(
    '1000',
    10,
    100_000,
    'Findings that a dataplane keeps open at once; more are counted.',
  ),
  findingQuietMs: time(
    '10m',
    SECOND,
    24 * HOUR,
    'A finding without a new sign for so long is resolved; the next sign begins another.',
  ),
  driftAfterConnections: count(
    '50',
    1,
    1_000_000,
    'Connections of HTTP, and of nothing else, after which a destination counts as one that speaks HTTP: what else it is sent is then a finding, `protocol-drift`.',
  ),
  driftAfterMs: time('10m', 0, 7 * 24 * HOUR, 'Time that those have to take at least.'),
  quarantineMs: time(
    '1h',
    SECOND,
    30 * 24 * HOUR,
    'Time that a pod stays quarantined when a guard says so. The annotation `eastwall.dev/quarantine` of a pod or of its Namespace holds until it is removed.',
  ),
  tailQueue: count('2000', 10, 1_000_000, 'Flow records kept for one slow `tail` before some are dropped.'),
  ...EVENT_SETTINGS,
  maxTails: count('16', 1, 1_000, 'Streams of flows, and of findings, that may be open at once.'),
  maxSeries: count(
    '5000',
    10,
    1_000_000,
    'Series per metric whose labels come from the cluster or from traffic; what comes after is counted as `other` (`eastwall_series_overflow_total`), unless something that was not counted for an hour gives its place.',
  ),
  store: setting(
    storeAddress,
    '',
    'address',
    'Redis in which agents share the state of limits: `redis://host:6379/0`, `redis-sentinel://a:26379,b:26379/master` or `redis-cluster://a:6379,b:6379`; `rediss` is with TLS. Empty: each node keeps limits for itself.',
  ),
  storeUser: setting(storeName, '', 'name', 'User of the store; empty for the default one.'),
  storePasswordFile: file(
    'File with the password of the store. Names in the store are hashes made with it, unless `--store-secret-file` is given.',
  ),
  storeCaFile: file(
    'File with the certificates (PEM) that vouch for the store; empty for the public ones that Node brings.',
  ),
  storeSecretFile: file(
    'File with a secret, the same for all agents of a cluster, that makes names in the store unguessable, and seals what nodes tell each other there; empty takes the password.',
  ),
  storePrefix: setting(
    storeName,
    'eastwall',
    'name',
    'How names in the store begin; clusters that share a store need one each.',
  ),
  storeTimeoutMs: time(
    '50ms',
    5,
    SECOND,
    'Time for the store to answer. No request waits for it: tokens are asked for ahead, and without an answer nodes go on with their shares.',
  ),
  maxLimitBuckets: count(
    '20000',
    100,
    1_000_000,
    'Callers, principals and operations whose limits one dataplane process counts apart; while all are in use, newcomers share a bucket per limit.',
  ),
  limitTickMs: time('25ms', 5, SECOND, 'Time between two asks for tokens of all limits together.'),
  jwtIssuers: setting(
    issuerList,
    '',
    'issuers',
    'Whose JSON Web Tokens name end users: `issuer=url`, or `issuer=url;audience`, comma-separated, with the URL of the issuer’s keys (JWKS). Tokens are verified beside the request path; without an issuer, nobody’s are.',
  ),
  jwtKeysMs: time('5m', SECOND, 24 * HOUR, 'Time between two looks at the keys of token issuers.'),
  reconcileIntervalMs: time(
    '30s',
    SECOND,
    HOUR,
    'Time between two checks that rules and listeners are in place.',
  ),
  proofIntervalMs: time(
    '60s',
    SECOND,
    24 * HOUR,
    'Time between two connections that prove, for each pod, that its connections come to the agent.',
  ),
  restartDelayMs: time(
    '100ms',
    10,
    MINUTE,
    'Wait before the second restart of a dataplane; doubles on repetition.',
  ),
  maxRestartDelayMs: time('5s', 10, 10 * MINUTE, 'Longest wait before a dataplane is restarted.'),
  hangTimeoutMs: time(
    '1m',
    10 * SECOND,
    HOUR,
    'Time without a word of a dataplane after which it is ended and started anew; it says something each second.',
  ),
  drainMs: time(
    '5m',
    0,
    HOUR,
    'Time that open connections may take to finish when the agent stops. What waits for its end, such as `terminationGracePeriodSeconds`, needs some seconds more.',
  ),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** What the parsers give, before `auto` is resolved. */
export type ParsedSettings = {
  readonly [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** `headTimeoutMs` → `head-timeout`: users write the unit, so it is not part of the name. */
export const flagOf = (name: SettingName): string =>
  name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `headTimeoutMs` → `EASTWALL_HEAD_TIMEOUT`. */
export const variableOf = (name: SettingName): string =>
  `EASTWALL_${flagOf(name).replaceAll('-', '_').toUpperCase()}`;
