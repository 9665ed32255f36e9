import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { eventually } from '../harness/eventually.mjs';
import { freePort } from '../harness/ports.mjs';
import { RawClient, ask, get, request } from '../harness/raw_client.mjs';
import { toOrigin } from '../harness/gateway.mjs';
import { atEnd, scene, startGateway } from '../harness/scene.mjs';

const codeOf = (response) => JSON.parse(response.body).code;
const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

// Sends a chunk every 40 ms until the connection ends.
function dribble(connection) {
  connection.send(head);
  const timer = setInterval(() => (connection.ended ? clearInterval(timer) : connection.send('1\r\nx\r\n')), 40);
  atEnd(() => clearInterval(timer));
}

test('firstByte', { timeout: 60_000 }, async () => {
  const { port } = await scene({ respond: () => {} }, { service: { timeouts: { firstByte: '200ms' } } });
  const response = await ask(port, get('/'));
  assert.equal(response.status, 504);
  assert.equal(codeOf(response), 'upstream_first_byte_timeout');
});

test('perTry', { timeout: 60_000 }, async () => {
  const { port } = await scene({ respond: (_, c) => c.send('HTTP/1.1 102 Processing\r\n\r\n') }, { service: { timeouts: { perTry: '200ms' }, retry: { attempts: 1 } } });
  assert.equal((await ask(port, get('/'))).status, 504);
});

test('total, over an answer that never ends', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({ respond: (_, c) => dribble(c) }, { service: { timeouts: { total: '400ms' } } });
  const client = new RawClient(port).send(get('/slow'));
  await client.closed();
  assert.equal(client.responses.finals[0].complete, false);
  assert.equal((await gateway.logged((line) => line.path === '/slow')).reason, 'upstream_timeout');
});

test('total, over all tries together', { timeout: 60_000 }, async () => {
  const { port } = await scene({ respond: () => {} }, { service: { timeouts: { total: '300ms' } } });
  assert.equal((await ask(port, get('/'))).status, 504);
});

test('idle, within an answer', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({ respond: (_, c) => c.send(`${head}5\r\nhello\r\n`) }, { service: { timeouts: { idle: '200ms' } } });
  const client = new RawClient(port).send(get('/idle'));
  await client.closed();
  assert.equal(client.responses.finals[0].complete, false);
  assert.equal((await gateway.logged((line) => line.path === '/idle')).reason, 'upstream_idle_timeout');
});

test('idle, when the origin does not take the request', { timeout: 60_000 }, async () => {
  const { port } = await scene({ onConnection: (c) => c.socket.pause(), respond: () => {} }, { service: { timeouts: { idle: '300ms', firstByte: '10s' } }, limits: { bodyBytes: '1GiB' } });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(request('POST', '/', ['Content-Length: 100000000']));
  const upload = setInterval(() => { if (client.socket.writableLength < 1_000_000) client.send('x'.repeat(500_000)); }, 1);
  try {
    const response = await client.response();
    assert.equal(response.status, 504);
  } finally {
    clearInterval(upload);
    client.destroy();
  }
});

test('maxStreamAge, where total does not hold', { timeout: 60_000 }, async () => {
  const { port } = await scene({ respond: (_, c) => dribble(c) }, { service: { timeouts: { total: '200ms', maxStreamAge: '1s' } }, route: { stream: true } });
  const client = new RawClient(port).send(get('/'));
  const begun = Date.now();
  await client.closed();
  assert.ok(Date.now() - begun >= 900, 'it outlived total');
});

// Listens and never accepts: once its queue is full, no connection to it comes about.
const sleeper = `
require('net').createServer().listen(+process.argv[1], '127.0.0.1', 1, () => {
  process.stdout.write('up', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000));
});`;

test('connect', { timeout: 60_000 }, async () => {
  const port = await freePort();
  const child = new Child(process.execPath, ['-e', sleeper, String(port)]);
  atEnd(() => child.stop('SIGKILL'));
  await eventually(() => child.out === 'up', 'the sleeping origin');
  const fillers = Array.from({ length: 8 }, () => new RawClient(port));
  atEnd(() => fillers.forEach((client) => client.destroy()));
  await fillers[0].connected;
  const gateway = await startGateway(toOrigin(port, { timeouts: { connect: '200ms' }, retry: { attempts: 1 } }));
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask(gateway.port, get('/'))));
  for (const response of answers) assert.equal(response.status, 504);
  assert.equal(codeOf(answers[0]), 'upstream_connect_timeout');
});
