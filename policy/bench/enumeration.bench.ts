import { ENUMERATION_LIMITS, Enumeration } from '../src/detect/enumeration.ts';
import { PROVENANCE_LIMITS, ProvenanceFilter } from '../src/detect/provenance-filter.ts';
import { hashesOf } from '../testing/lab/random.ts';
import { aTouch } from '../testing/touch.ts';
import { nsPerDecision, printHeader, printRow } from './measure.ts';

// `node policy/bench/enumeration.bench.ts`: what one id in a request costs, by how many keys there are.

const HEADER = ['keys', 'step ns', 'with filters ns', 'slab MiB', 'B/key'];
const IDS = 131_072;

printHeader('one id', HEADER);
for (const keys of [1, 1_000, 20_000, 100_000]) {
  const engine = new Enumeration(ENUMERATION_LIMITS);
  const filter = new ProvenanceFilter(PROVENANCE_LIMITS, 0);
  const touch = aTouch({ h1: 0, h2: 0 });
  const ids = Array.from({ length: IDS }, (_, id) => ({
    ...hashesOf(id),
    id,
    key: hashesOf(id % keys, 9).h1,
  }));
  let now = 0;
  const step = ({ key, h1, h2, id }: (typeof ids)[number]) => {
    now++;
    touch.h1 = h1;
    touch.h2 = h2;
    touch.value = id;
    touch.explained = id % 100 !== 0;
    engine.step(engine.key(key, id % keys, 5, now), touch);
    return { verdict: 'allow' };
  };
  const whole = (id: (typeof ids)[number]) => {
    filter.advance(now);
    touch.firstTouch = filter.isFirstTouch(id.h1, id.h2, now);
    touch.explained = filter.explains(id.h1, id.h2);
    return step(id);
  };
  const stepNs = nsPerDecision(ids, step);
  const bytes = engine.bytes;
  printRow(HEADER, [
    keys,
    stepNs,
    nsPerDecision(ids, whole),
    bytes / 2 ** 20,
    bytes / ENUMERATION_LIMITS.maxKeys,
  ]);
}
