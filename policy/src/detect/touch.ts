import type { Contract } from './contract.ts';
import type { IdForm } from './id-shape.ts';

/** One id in a request; one object may be used again and again. */
export interface Touch {
  h1: number;
  h2: number;
  explained: boolean;
  /** Explained, but by nothing else than a request that the caller is serving. */
  served: boolean;
  /** Not since the last few minutes; a retry proves nothing. */
  firstTouch: boolean;
  form: IdForm;
  /** The number it is, or its time of creation in ms; unused for other forms. */
  value: number;
  /** A hash of the caller's image digest. */
  image: number;
  /** What the caller was shown is not known well enough yet to call anything unexplained. */
  isYoung: boolean;
  /** The caller was shown more than is known here: what is unexplained is learnt from, and not held against it. */
  isPartial: boolean;
  /** The caller is also asked what is not seen: it is judged as if no request that it serves explained anything. */
  isUnseen: boolean;
  /** What was declared for this caller and operation, if anything. */
  contract: Contract | null;
  /** That is, for now. Said here, since schedules go by a clock that is set and how long a key is known by one that is not. */
  inForce: boolean;
}

/** To be filled in: an id that was explained and never asked for before. */
export const newTouch = (): Touch => ({
  h1: 0,
  h2: 0,
  explained: true,
  firstTouch: true,
  form: 'other',
  value: 0,
  image: 0,
  isYoung: false,
  isPartial: false,
  isUnseen: false,
  served: false,
  contract: null,
  inForce: false,
});

/** What a key is measured by: itself, or for a principal's key the workload that it calls through. */
export interface Known {
  /** The slot that knows the usual rate. */
  parent: number;
  /** The slot that remembers how high evidence usually gets, and how unexplained ids follow one another. */
  highs: number;
}
