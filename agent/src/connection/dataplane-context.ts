import type { World } from '../decide/world.ts';
import type { WatcherSource } from '../exchange/watch.ts';
import type { RelayLimits } from '../exchange/wire.ts';
import type { OperationBook } from '../guard/operation-book.ts';
import type { DataplaneSettings } from '../ipc/messages.ts';
import type { Recorder } from './recorder.ts';
import type { Turns } from './turns.ts';

/** What every connection of the process shares. */
export interface DataplaneContext {
  readonly settings: DataplaneSettings;
  readonly limits: RelayLimits;
  readonly world: World;
  readonly recorder: Recorder;
  readonly guards: WatcherSource;
  readonly operations: OperationBook;
  /** Monotonic milliseconds. */
  now(): number;
  /** Told with every read for whom it is. */
  readonly turns: Turns;
  closeFd(fd: number): void;
}
