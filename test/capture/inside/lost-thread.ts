import { Worker } from 'node:worker_threads';

/** Fails inside a namespace, on a worker thread, as only a bug could. */
new Worker(
  `
  import(${JSON.stringify(new URL('../../../agent/src/capture/inside.ts', import.meta.url).href)}).then(({ NetnsDoor }) => {
    const door = new NetnsDoor();
    const scratch = door.scratch();
    door.inside(scratch.value, () => { throw new Error('a bug'); });
  });`,
  { eval: true },
).on('error', () => {});
// A process that outlives the fault would end here, with 0.
setTimeout(() => {}, 5_000);
