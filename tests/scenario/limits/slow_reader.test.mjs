import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { isSanitized } from '../harness/gateway.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { status } from '../harness/reload.mjs';
import { scene } from '../harness/scene.mjs';

const mebibyte = 1 << 20;
const piece = Buffer.alloc(mebibyte, 'x');

// Writes `size` bytes as fast as they are taken.
function pour(socket, size, counter) {
  const more = () => {
    while (counter.sent < size && socket.writable) {
      counter.sent += piece.length;
      if (!socket.write(piece)) return socket.once('drain', more);
    }
  };
  more();
}

// What two workers receive into with io_uring: it is there once, however many clients there are.
const ringMemory = async (gateway) => ((await status(gateway)).io === 'io_uring' ? 8 * mebibyte : 0);

test('clients that do not read an answer of 1 GiB cost at most 1 MiB each', { timeout: 120_000 }, async () => {
  const counters = [];
  const { gateway, port } = await scene({
    respond: (asked, connection) => {
      if (asked.target === '/small') return connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      const counter = { sent: 0, socket: connection.socket };
      counters.push(counter);
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${1024 * mebibyte}\r\n\r\n`);
      pour(connection.socket, 1024 * mebibyte, counter);
    },
  });
  await ask(port, get('/small'));
  const before = await gateway.memory();
  const clients = Array.from({ length: 4 }, () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.pause();
    socket.write(get('/large'));
    socket.on('error', () => {});
    return socket;
  });
  await eventually(() => counters.length === 4, 'four requests at the origin');
  let last = -1;
  let still = 0;
  await eventually(() => {
    const taken = counters.reduce((sum, { sent, socket }) => sum + sent - socket.writableLength, 0);
    still = taken === last ? still + 1 : 0;
    last = taken;
    return still > 60;
  }, 'the flow stops', 60_000);
  assert.ok(last < 256 * mebibyte, `${last} bytes were taken of the origin`);
  if (!isSanitized()) {
    const cost = await gateway.memory() - before;
    assert.ok(cost <= 5 * mebibyte + await ringMemory(gateway), `four slow readers cost ${cost} bytes`);
  }
  assert.equal((await ask(port, get('/small'))).body, 'ok', 'others are served meanwhile');
  for (const client of clients) client.destroy();
  await eventually(() => counters.every(({ socket }) => socket.destroyed || socket.readableEnded), 'the origin learns that they went');
});

test('a slow origin makes a fast upload wait, not the gateway grow', { timeout: 120_000 }, async () => {
  let stopped;
  const { gateway, port } = await scene({ onHead: (_, connection) => { stopped = connection; connection.socket.pause(); } }, { limits: { bodyBytes: '2GiB' } });
  const client = net.connect(port, '127.0.0.1');
  client.on('error', () => {});
  client.write(`POST / HTTP/1.1\r\nHost: t.example\r\nContent-Length: ${1024 * mebibyte}\r\n\r\n`);
  await eventually(() => stopped, 'the head at the origin');
  const before = await gateway.memory();
  const counter = { sent: 0 };
  pour(client, 1024 * mebibyte, counter);
  let last = -1;
  let still = 0;
  await eventually(() => {
    const taken = counter.sent - client.writableLength;
    still = taken === last ? still + 1 : 0;
    last = taken;
    return still > 60;
  }, 'the flow stops', 60_000);
  assert.ok(last < 64 * mebibyte, `${last} bytes were taken of the client`);
  if (!isSanitized()) assert.ok(await gateway.memory() - before <= 2 * mebibyte + await ringMemory(gateway));
  client.destroy();
});
