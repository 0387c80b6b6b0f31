/** Bounds on what one HTTP/2 connection may cost. Passing one ends the connection with ENHANCE_YOUR_CALM. */
export interface H2Limits {
  /** Bytes of one header block as sent, over HEADERS and all its CONTINUATION frames. */
  readonly maxBlockBytes: number;
  /** CONTINUATION frames of one header block. */
  readonly maxContinuations: number;
  /** Size of one decoded header list, counted as in RFC 7541 §4.1. */
  readonly maxListBytes: number;
  /** Either side may announce a larger HPACK table; the other then sees this size instead. */
  readonly maxTableBytes: number;
  /** Of requests' content, over all streams, while it is withheld until it was seen. */
  readonly maxHeldBytes: number;
  /** Streams open at once; one more is refused with REFUSED_STREAM and the connection goes on. */
  readonly maxStreams: number;
  /** Bytes of our own frames that wait for a frame under way to end. */
  readonly maxQueuedBytes: number;
  /** SETTINGS frames that wait for their acknowledgement. */
  readonly maxUnackedSettings: number;
  /** Milliseconds over which the counts below are taken. */
  readonly floodIntervalMs: number;
  /** Streams that are reset before their response ended: by the caller, or by upstream for a mistake of the caller's. */
  readonly maxResets: number;
  /** SETTINGS, PING, PRIORITY and GOAWAY frames, and frames of unknown type, for each direction. */
  readonly maxControlFrames: number;
  /** DATA frames without data that end nothing, for each direction. */
  readonly maxEmptyFrames: number;
  /** WINDOW_UPDATE frames, for each direction, beyond those that DATA of the other one and new streams explain. */
  readonly maxGrants: number;
  /**
   * HEADERS, RST_STREAM and ending DATA frames of streams that are closed, for each direction, beyond those that new streams
   * explain, and DATA frames of the caller's beyond what the windows of such streams allow.
   */
  readonly maxStrayFrames: number;
}

export const DEFAULT_H2_LIMITS: H2Limits = {
  maxBlockBytes: 65_536,
  maxContinuations: 16,
  maxListBytes: 65_536,
  maxTableBytes: 65_536,
  maxHeldBytes: 65_536,
  maxStreams: 4096,
  maxQueuedBytes: 262_144,
  maxUnackedSettings: 32,
  floodIntervalMs: 10_000,
  maxResets: 1000,
  // gRPC's bandwidth probes are a PING per round trip while data flows: thousands a second inside one node.
  maxControlFrames: 50_000,
  maxEmptyFrames: 10_000,
  maxGrants: 10_000,
  maxStrayFrames: 10_000,
};
