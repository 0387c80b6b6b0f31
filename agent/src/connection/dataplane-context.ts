import type { World } from '../decide/world.ts';
import type { WatcherSource } from '../exchange/watch.ts';
import type { RelayLimits } from '../exchange/wire.ts';
import type { OperationBook } from '../guard/operation-book.ts';
import type { DataplaneSettings } from '../ipc/messages.ts';
import type { Recorder } from './recorder.ts';

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
  /** Told of the time with every read: what is due must not wait for a turn of the event loop in which much has come. */
  tick(now: number): void;
  closeFd(fd: number): void;
}
