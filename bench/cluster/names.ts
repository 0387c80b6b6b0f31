export const NODE = 'bench';
export const NAMESPACE = 'bench';
export const BACKEND = 'backend';
export const BACKEND_PORT = 80;
/** The pod whose calls the agent intercepts, and its service account. */
export const CAPTURED_POD = 'captured';
/** Where a peer listens, in the caller's own pod like the agent's listener. */
export const PEER_PORT = 8080;
