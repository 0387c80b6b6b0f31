/** Who signs the tokens that name end users, and where its keys are. */
export interface Issuer {
  /** As in the claim `iss`. */
  readonly issuer: string;
  /** A JSON Web Key Set (RFC 7517). */
  readonly jwksUrl: string;
  /** What the claim `aud` must hold; null takes any. */
  readonly audience: string | null;
}

/** The public keys of an issuer, as it serves them. */
export interface IssuerKeys {
  readonly issuer: string;
  readonly audience: string | null;
  readonly keys: readonly object[];
}
