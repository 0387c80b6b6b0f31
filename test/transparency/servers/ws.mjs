// Echoes messages; `close <code> <reason>` closes with that, `ping` sends a ping first.
import { WebSocketServer } from 'ws';

new WebSocketServer({ port: 8080, maxPayload: 64 << 20, perMessageDeflate: true }).on(
  'connection',
  (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      const text = isBinary ? '' : data.toString();
      const [, code, reason] = /^close (\d+) (.*)$/.exec(text) ?? [];
      if (code !== undefined) socket.close(Number(code), reason);
      else if (text === 'ping') socket.ping('are you there');
      else socket.send(data, { binary: isBinary });
    });
  },
);
