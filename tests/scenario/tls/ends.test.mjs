import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { atEnd } from '../harness/scene.mjs';
import { secureScene } from './harness.mjs';

// curl tells an end that was announced from one that was not.
async function curl(port, shown, ...args) {
  const child = new Child('curl', ['-sS', '--cacert', shown.certFile, '--max-time', '20', ...args, `https://localhost:${port}/`]);
  const { code } = await child.exited;
  return { code, out: child.out, err: child.err };
}

// Everything between client and gateway passes here, and can be cut as anybody on the way could.
async function relayTo(port) {
  const relay = { pairs: [] };
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const gateway = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    client.pipe(gateway);
    gateway.pipe(client);
    for (const socket of [client, gateway]) socket.on('error', () => {});
    relay.pairs.push({ client, gateway });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => { for (const { client, gateway } of relay.pairs) { client.destroy(); gateway.destroy(); } server.close(); });
  relay.port = server.address().port;
  return relay;
}

test('an answer that the close ends is announced to be whole', { timeout: 60_000 }, async () => {
  const { port, shown } = await secureScene({
    respond: (_, connection) => { connection.send('HTTP/1.1 200 OK\r\n\r\nwhole'); connection.close(); },
  });
  const { code, out, err } = await curl(port, shown, '--http1.0');
  assert.equal(code, 0, err);
  assert.equal(out, 'whole');
});

test('an answer that was cut is not announced to be whole', { timeout: 60_000 }, async () => {
  const { port, shown } = await secureScene({
    respond: (_, connection) => {
      connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ncut \r\n');
      setTimeout(() => connection.reset(), 50);
    },
  });
  const { code, out } = await curl(port, shown, '--http1.0');
  assert.equal(code, 56, 'a failure to receive');
  assert.equal(out, 'cut ');
});

test('a client that leaves with or without goodbye leaves nothing behind', { timeout: 60_000 }, async () => {
  const { gateway, port, secure } = await secureScene();
  const relay = await relayTo(port);
  const [orderly, abrupt, reset] = Array.from({ length: 3 }, () => new RawClient(relay.port, { secure }));
  for (const client of [orderly, abrupt, reset]) {
    client.send(get('/'));
    await client.response();
  }
  orderly.halfClose();
  await orderly.closed();
  abrupt.destroy();
  relay.pairs[2].gateway.resetAndDestroy();
  await eventually(async () => await gateway.metric('penstock_connections', { listener: 'public' }) === 0, 'no connection');
});

test('a connection that is closed after an answer ends with goodbye', { timeout: 60_000 }, async () => {
  const { port, secure } = await secureScene();
  const client = new RawClient(port, { secure });
  client.send(get('/', 'Connection: close'));
  assert.equal((await client.response()).status, 200);
  await client.closed();
  assert.equal(client.reset, false);
});

test('a handshake that takes too long is cut, and others are not held up', { timeout: 60_000 }, async () => {
  const { gateway, port, secure } = await secureScene({}, { limits: { headerTimeout: '500ms' }, config: { runtime: { workers: 1 } } });
  const slow = Array.from({ length: 20 }, () => new RawClient(port).send('\x16\x03\x01\x02'));
  await Promise.all(slow.map((client) => client.connected));
  assert.equal((await ask(port, get('/'), { secure })).status, 200);
  await Promise.all(slow.map((client) => client.closed()));
  assert.equal(await gateway.metric('penstock_tls_handshake_failures_total', { reason: 'timed_out' }), 20);
  assert.equal(gateway.child.err.split('TLS handshake failed').length, 2, 'a flood of failures is one line');
});

test('plain HTTP is answered in words it understands', { timeout: 60_000 }, async () => {
  const { gateway, port } = await secureScene();
  const client = new RawClient(port).send(get('/'));
  const answer = await client.response();
  assert.equal(answer.status, 400);
  assert.equal(JSON.parse(answer.body).code, 'tls_required');
  await client.closed();
  assert.equal(await gateway.metric('penstock_tls_handshake_failures_total', { reason: 'plain_text' }), 1);
});

test('bytes that are neither end the connection', { timeout: 60_000 }, async () => {
  const { gateway, port } = await secureScene();
  for (const bytes of ['\x00\x00\x00\x00\x00\x00\x00', 'SSH-2.0-x\r\n'.toLowerCase(), '\x16\x03\x01\x00\x05hello']) {
    await new RawClient(port).send(bytes).closed();
  }
  assert.equal(await gateway.metric('penstock_tls_handshake_failures_total', {}), 3);
  assert.equal(await gateway.metric('penstock_tls_handshakes_total', {}), 0);
});

test('a request whose body is cut on the way is not taken for whole', { timeout: 60_000 }, async () => {
  const { origin, port, secure } = await secureScene();
  const relay = await relayTo(port);
  const client = new RawClient(relay.port, { secure });
  client.send('POST / HTTP/1.1\r\nHost: t.example\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
  await eventually(() => [...origin.connections].some((connection) => connection.received.includes('half')), 'half at the origin');
  relay.pairs[0].gateway.end();
  await eventually(() => origin.connections.size === 0, 'the origin is left');
  assert.equal(origin.requests.length, 0);
  client.destroy();
});
