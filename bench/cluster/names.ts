export const NODE = 'bench';
export const NAMESPACE = 'bench';
export const BACKEND = 'backend';
/** Speaks no HTTP; no policy governs it, since one that is enforced would refuse what can't be read. */
export const STREAM = 'stream';
/** What callers speak; the backend and the peers have a port for each. */
export type Protocol = 'http1' | 'h2c' | 'tcp';
export const PROTOCOLS: readonly Protocol[] = ['http1', 'h2c', 'tcp'];
export const BACKEND_PORTS: Readonly<Record<Protocol, number>> = { http1: 80, h2c: 81, tcp: 82 };
/** The pod whose calls the agent intercepts, and its service account. */
export const CAPTURED_POD = 'captured';
/** Where a peer listens, in the caller's own pod like the agent's listener. */
export const PEER_PORTS: Readonly<Record<Protocol, number>> = { http1: 8080, h2c: 8081, tcp: 8082 };
