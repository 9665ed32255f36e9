import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { toOrigin } from '../harness/gateway.mjs';
import { within } from '../harness/eventually.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { atEnd, scene, startGateway } from '../harness/scene.mjs';

async function echoServer() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => {});
  });
  atEnd(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return server.address().port;
}

test('a WebSocket echoes text, binary and large messages through the gateway, and closes in order', { timeout: 60_000 }, async () => {
  const gateway = await startGateway(toOrigin(await echoServer()));
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/echo`);
  await within(once(socket, 'open'), 'open');
  for (const message of ['hello', 'x'.repeat(300_000), '']) {
    socket.send(message);
    const [data, isBinary] = await within(once(socket, 'message'), 'echo');
    assert.equal(isBinary, false);
    assert.equal(data.toString(), message);
  }
  const bytes = Buffer.alloc(1_000_000, 7);
  socket.send(bytes);
  assert.ok((await within(once(socket, 'message'), 'echo'))[0].equals(bytes));
  socket.close(1000, 'done');
  const [code] = await within(once(socket, 'close'), 'close');
  assert.equal(code, 1000);
  const line = await gateway.logged((l) => l.path === '/echo');
  assert.equal(line.status_code, 101);
});

test('many WebSockets live side by side', { timeout: 60_000 }, async () => {
  const gateway = await startGateway(toOrigin(await echoServer()));
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/${i}`);
    await within(once(socket, 'open'), 'open');
    socket.send(`message ${i}`);
    const [data] = await within(once(socket, 'message'), 'echo');
    assert.equal(data.toString(), `message ${i}`);
    socket.terminate();
  }));
});

const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];

test('bytes sent right behind the handshake, and half of the tunnel closed, arrive as they are', { timeout: 60_000 }, async () => {
  const { port } = await scene({
    respond: (_, connection) => {
      connection.raw = true;
      connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfrom the origin');
      connection.socket.on('data', (bytes) => connection.send(`<${bytes}>`));
    },
  });
  const client = new RawClient(port);
  client.send(get('/', ...upgrade));
  assert.ok(await client.until(() => client.text.endsWith('from the origin')));
  client.send('hello');
  assert.ok(await client.until(() => client.text.endsWith('<hello>')));
  client.halfClose();
  await client.closed();
});

test('an origin that declines the upgrade answers as to any request', { timeout: 60_000 }, async () => {
  const { port } = await scene();
  const client = new RawClient(port);
  for (let i = 0; i < 2; i += 1) {
    client.send(get('/', ...upgrade));
    assert.equal((await client.response(i)).status, 200);
  }
  client.destroy();
});

test('another upgrade is not passed on', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene();
  const { status } = await ask(port, get('/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'));
  assert.equal(status, 200);
  for (const name of ['upgrade', 'http2-settings']) assert.equal(valueOf(origin.requests[0], name), undefined);
});

test('an origin that switches protocols unasked is a 502', { timeout: 60_000 }, async () => {
  const { port } = await scene({ respond: (_, connection) => connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n') });
  assert.equal((await ask(port, get('/'))).status, 502);
});
