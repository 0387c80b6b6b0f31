/** Forms that programs read. */
export type DataFormat = 'json' | 'yaml';
export type Format = DataFormat | 'wide' | 'text';

/** `value` in the form that was asked for; null for one that people read. */
export async function asData(value: unknown, format: Format | undefined): Promise<string | null> {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  if (format !== 'yaml') return null;
  const { stringify } = await import('yaml');
  return stringify(value);
}
