import { load } from '../src/config/load.ts';
import { dataplaneSettings } from '../src/config/slices.ts';
import type { DataplaneSettings } from '../src/ipc/messages.ts';

const KEYS = { idSeed: { seed1: 1, seed2: 2 }, fingerprintKey: 'a2V5' };

/** What a dataplane is told when nobody sets anything, with some of it changed. */
export function defaultDataplaneSettings(changes: Partial<DataplaneSettings> = {}): DataplaneSettings {
  const loaded = load({ flags: {}, env: {}, machine: { hostname: 'node-1', cores: 2 } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return { ...dataplaneSettings(loaded.value, KEYS), ...changes };
}
