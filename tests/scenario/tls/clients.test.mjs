// Real clients over TLS: curl, undici, ws; large bodies both ways, slow readers, streams, tunnels.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import https from 'node:https';
import { test } from 'node:test';
import { Pool } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import { certificate, file, pairs } from '../harness/certificates.mjs';
import { Child } from '../harness/child.mjs';
import { eventually, within } from '../harness/eventually.mjs';
import { isSanitized, toOrigin } from '../harness/gateway.mjs';
import { RawClient, get } from '../harness/raw_client.mjs';
import { atEnd, startGateway } from '../harness/scene.mjs';
import { secureScene } from './harness.mjs';

const large = randomBytes(8 << 20);
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

// `/large` answers with 8 MiB, all else with the hash of what was sent.
async function secureGateway() {
  const server = createServer((asked, reply) => {
    if (asked.url === '/large') return reply.end(large);
    const hash = createHash('sha256');
    asked.on('data', (bytes) => hash.update(bytes));
    asked.on('end', () => reply.end(hash.digest('hex')));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => { server.closeAllConnections(); server.close(); });
  const shown = certificate();
  const gateway = await startGateway(toOrigin(server.address().port), { tls: { certificates: pairs(shown) } });
  return { gateway, shown, base: `https://localhost:${gateway.port}` };
}

test('curl gets and uploads large bodies with TLS 1.2 and 1.3', { timeout: 90_000 }, async () => {
  const { shown, base } = await secureGateway();
  const upload = file(large);
  for (const version of ['1.2', '1.3']) {
    const curl = async (...args) => {
      const child = new Child('curl', ['-sS', '--max-time', '40', '--cacert', shown.certFile, `--tlsv${version}`, '--tls-max', version, ...args]);
      child.process.stdout.setEncoding('latin1');
      const { code } = await child.exited;
      assert.equal(code, 0, child.err);
      return child.out;
    };
    assert.equal(sha(Buffer.from(await curl(`${base}/large`), 'latin1')), sha(large));
    assert.equal(await curl('--data-binary', `@${upload}`, `${base}/`), sha(large));
    assert.equal(await curl('-H', 'Transfer-Encoding: chunked', '--data-binary', `@${upload}`, `${base}/`), sha(large));
  }
});

test('undici keeps its connections', { timeout: 90_000 }, async () => {
  const { gateway, shown, base } = await secureGateway();
  const pool = new Pool(base, { connections: 4, connect: { ca: shown.cert } });
  atEnd(() => pool.destroy());
  const hashes = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const { body } = await pool.request({ path: '/', method: 'POST', body: `message ${i}` });
    return [await body.text(), sha(`message ${i}`)];
  }));
  for (const [got, expected] of hashes) assert.equal(got, expected);
  assert.ok(await gateway.metric('penstock_tls_handshakes_total') <= 4);
});

test('a client that reads slowly holds up the service, and costs little', { timeout: 90_000 }, async () => {
  const { gateway, origin, port, secure } = await secureScene({
    respond: (_, connection) => {
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n');
      const more = () => { while (!connection.ended && connection.socket.writable && connection.socket.write(large)); };
      connection.socket.on('drain', more);
      more();
    },
  });
  const before = await gateway.memory();
  const clients = Array.from({ length: 8 }, () => new RawClient(port, { secure }));
  for (const client of clients) {
    client.send(get('/'));
    await client.until(() => client.text.length > 0);
    client.socket.pause();
  }
  const sent = () => [...origin.connections].reduce((sum, connection) => sum + connection.socket.bytesWritten, 0);
  let last = -1;
  await eventually(async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const now = sent();
    const still = now === last;
    last = now;
    return still;
  }, 'the service stands still');
  assert.ok(last < 8 * 64e6, `${last} bytes were taken`);
  if (!isSanitized()) assert.ok(await gateway.memory() - before < 16e6);
  for (const client of clients) client.destroy();
});

test('a WebSocket echoes over TLS and closes in order', { timeout: 60_000 }, async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  atEnd(() => { for (const socket of server.clients) socket.terminate(); server.close(); });
  const shown = certificate();
  const gateway = await startGateway(toOrigin(server.address().port), { tls: { certificates: pairs(shown) } });
  const socket = new WebSocket(`wss://localhost:${gateway.port}/echo`, { ca: shown.cert });
  await within(once(socket, 'open'), 'open');
  for (const message of ['hello', 'x'.repeat(300_000), '']) {
    socket.send(message);
    assert.equal((await within(once(socket, 'message'), 'echo'))[0].toString(), message);
  }
  socket.close(1000, 'done');
  assert.equal((await within(once(socket, 'close'), 'close'))[0], 1000);
  assert.equal((await gateway.logged((line) => line.path === '/echo')).tls.version, 'TLSv1.3');
});

test('each event of a stream arrives before the next is made', { timeout: 60_000 }, async () => {
  let stream;
  const { port, secure } = await secureScene({
    respond: (_, connection) => {
      stream = connection;
      connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    },
  });
  const client = new RawClient(port, { secure });
  client.send(get('/events'));
  await eventually(() => stream, 'the request at the origin');
  for (let i = 0; i < 10; i += 1) {
    const event = `data: event ${i}\n\n`;
    stream.send(`${event.length.toString(16)}\r\n${event}\r\n`);
    assert.ok(await client.until(() => client.text.includes(`event ${i}\n`)), `event ${i}`);
  }
  client.destroy();
  await eventually(() => stream.ended, 'the origin learns that the client has gone');
});

test('requests that are pipelined, bytewise or in one record, are answered in order', { timeout: 60_000 }, async () => {
  const { port, secure } = await secureScene({ respond: (asked, connection) => connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${asked.target.length}\r\n\r\n${asked.target}`) });
  const together = new RawClient(port, { secure });
  together.send(['/a', '/b', '/c'].map((path) => get(path)).join(''));
  const bytewise = new RawClient(port, { secure });
  await bytewise.connected;
  await bytewise.sendBytewise(['/a', '/b', '/c'].map((path) => get(path)).join(''));
  for (const client of [together, bytewise]) {
    for (const [i, path] of ['/a', '/b', '/c'].entries()) assert.equal((await client.response(i)).body, path);
    client.destroy();
  }
});

test('an agent of Node that offers a session gets it resumed', { timeout: 60_000 }, async () => {
  const { gateway, shown, base } = await secureGateway();
  const agent = new https.Agent({ ca: shown.cert, keepAlive: false });
  for (let i = 0; i < 3; i += 1) {
    await new Promise((resolve, reject) => https.get(`${base}/`, { agent }, (reply) => { reply.resume(); reply.on('end', resolve); }).on('error', reject));
  }
  assert.ok(await gateway.metric('penstock_tls_handshakes_total', { resumed: 'true' }) >= 1);
});
