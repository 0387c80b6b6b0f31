import { isObject, objectAt, textAt } from '../identity/json.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { badAnswer, type KubeFailure, refusal, unreachable } from './failure.ts';
import { lines } from './lines.ts';

export interface WatchEvent {
  /** `OPENED` is ours: the server has accepted the watch. */
  readonly type: 'OPENED' | 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: unknown;
}

/** An object takes up to 1.5 MiB in etcd, in a denser encoding than JSON. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/** The events of a watch's body. After an error nothing more comes. */
export async function* watchEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Result<WatchEvent, KubeFailure>> {
  try {
    for await (const line of lines(body, MAX_EVENT_LENGTH)) {
      const event = parseEvent(line);
      yield event;
      if (!event.ok) return;
    }
  } catch (error) {
    yield err(unreachable(error));
  }
}

function parseEvent(line: string): Result<WatchEvent, KubeFailure> {
  const json = parseJson(line);
  if (!json.ok || !isObject(json.value)) return err(badAnswer('a watch event is not a JSON object'));
  const type = textAt(json.value, 'type');
  const object = objectAt(json.value, 'object');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return ok({ type, object });
    case 'ERROR':
      return err(refusal(Number(object['code']) || 500, object));
    default:
      return err(badAnswer(`a watch event has the unknown type \`${type}\``));
  }
}

export function parseJson(text: string): Result<unknown, KubeFailure> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return err(badAnswer('the kube API answered something else than JSON'));
  }
}
