import { DURATION_BUCKETS_MS, type TrafficCell } from '../src/record/traffic-cell.ts';

/** Four requests, three of them under 2.5 ms and one beyond all bounds. */
export function trafficCell(differs: Partial<TrafficCell> = {}): TrafficCell {
  const durations = new Array<number>(DURATION_BUCKETS_MS.length + 1).fill(0);
  durations[1] = 3;
  durations[DURATION_BUCKETS_MS.length] = 1;
  return {
    callerNamespace: 'shop',
    callerWorkload: 'frontend',
    destination: 'shop/orders:80',
    protocol: 'http1',
    verdict: 'allow',
    outcome: 'ok',
    statusClass: '2xx',
    exchanges: 4,
    bytesSent: 100,
    bytesReceived: 900,
    durations,
    durationSumMs: 20_006,
    ...differs,
  };
}
