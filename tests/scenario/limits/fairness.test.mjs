import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const piece = Buffer.alloc(1 << 20, 'x');

test('small requests are served beside streams without end, on the same worker', { timeout: 120_000 }, async (t) => {
  const { port } = await scene({
    respond: (asked, connection) => {
      if (asked.target === '/small') return connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      connection.send('HTTP/1.1 200 OK\r\n\r\n');
      const more = () => { while (connection.socket.writable && connection.socket.write(piece)); };
      connection.socket.on('drain', more);
      more();
    },
  }, { config: { runtime: { workers: 1 } }, route: { stream: true } });
  let received = 0;
  const streams = Array.from({ length: 3 }, () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('data', (bytes) => { received += bytes.length; });
    socket.on('error', () => {});
    socket.write(get('/endless'));
    return socket;
  });
  const times = [];
  for (let i = 0; i < 60; i += 1) {
    const begun = process.hrtime.bigint();
    const before = received;
    assert.equal((await ask(port, get('/small'))).body, 'ok');
    times.push(Number(process.hrtime.bigint() - begun) / 1e6);
    if (i % 10 === 9) while (received === before) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const socket of streams) socket.destroy();
  times.sort((a, b) => a - b);
  t.diagnostic(`beside ${received >> 20} MiB: median ${times[30].toFixed(1)} ms, longest ${times[59].toFixed(1)} ms`);
  assert.ok(received > 0);
});
