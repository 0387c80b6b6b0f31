import type { Touch } from '../src/detect/touch.ts';

/** An id that was explained and never asked for before. */
export const aTouch = (about: Pick<Touch, 'h1' | 'h2'> & Partial<Touch>): Touch => ({
  explained: true,
  firstTouch: true,
  form: 'number',
  value: 0,
  image: 1,
  isYoung: false,
  isPartial: false,
  isUnseen: false,
  served: false,
  contract: null,
  inForce: false,
  ...about,
});
