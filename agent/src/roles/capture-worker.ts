import { parentPort, workerData } from 'node:worker_threads';
import { Capture } from '../capture/capture.ts';
import type { CaptureCall, CaptureOptions, FromCapture, ToCapture } from '../capture/protocol.ts';

/**
 * The capture thread: the only thread of the agent that ever leaves its own network namespace. It shares descriptors
 * with control, and nothing else.
 */
if (parentPort === null) throw new Error('capture runs as a worker thread of control');
const control = parentPort;
const say = (message: FromCapture): void => control.postMessage(message);

// Messages that come while capture is still finding out what the node can do wait in the port.
const capture = await Capture.start(workerData as CaptureOptions, say);
control.on('message', (message: ToCapture) => {
  switch (message.kind) {
    case 'begin':
      capture.begin(message.inherited);
      break;
    case 'pods':
      capture.setLocal(message.local);
      break;
    case 'beat':
      capture.beat(message.namespaces);
      break;
    case 'unserved':
      capture.unserved(message.namespaces);
      break;
    case 'proved':
      capture.proved(message);
      break;
    case 'inbound':
      capture.inbound(message.ns, message.wanted);
      break;
    case 'call':
      void answer(message.id, message.call);
      break;
    case 'end':
      process.exit();
  }
});

async function answer(id: number, call: CaptureCall): Promise<void> {
  say({ kind: 'answer', id, error: await perform(call) });
}

/** Null, or what went wrong. */
async function perform(call: CaptureCall): Promise<string | null> {
  switch (call.what) {
    case 'send-sockets': {
      const sent = capture.sendSockets(call);
      return sent.ok ? null : sent.error;
    }
    case 'reconcile':
      await capture.reconcile();
      return null;
    case 'step-aside':
      await capture.stepAside();
      return null;
    case 'step-back':
      await capture.stepBack();
      return null;
    case 'retire-former':
      await capture.retireFormer();
      return null;
    case 'lapse':
      await capture.lapse(call.whom);
      return null;
    case 'release':
      capture.release();
      return null;
    case 'uninstall': {
      const removed = await capture.uninstall(call.whom);
      return removed.ok ? null : removed.error;
    }
  }
}
