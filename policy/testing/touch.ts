import { newTouch, type Touch } from '../src/detect/touch.ts';

/** An id that was explained and never asked for before. */
export const aTouch = (about: Pick<Touch, 'h1' | 'h2'> & Partial<Touch>): Touch => ({
  ...newTouch(),
  form: 'number',
  image: 1,
  ...about,
});
