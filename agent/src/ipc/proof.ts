/**
 * Where connections go that prove interception: addresses that are documented to lead nowhere (RFC 5737, RFC 3849),
 * so that whoever is reached there is the agent. The port is a number that is used once.
 */
export const PROOF = {
  4: { text: '192.0.2.69', bytes: Uint8Array.of(192, 0, 2, 69) },
  6: {
    text: '2001:db8::6561:7374',
    bytes: Uint8Array.of(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0x65, 0x61, 0x73, 0x74),
  },
} as const;
