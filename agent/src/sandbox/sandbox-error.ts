/** Something that the user can put right; the message says what. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}
