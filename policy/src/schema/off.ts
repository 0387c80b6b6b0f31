import { z } from 'zod';

/**
 * One of the words, or `Disabled` for `Off`: YAML 1.1, which kubectl and Helm read, takes an `Off` without quotes for a
 * boolean.
 */
export const offOr = <const Words extends readonly string[]>(
  words: Words,
  description: string,
): z.ZodType<'Off' | Words[number]> =>
  z
    .enum(['Disabled', 'Off', ...words])
    .meta({ description })
    .transform((word) => (word === 'Disabled' ? 'Off' : (word as 'Off' | Words[number])));
