import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, ask, get, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { scene } from '../harness/scene.mjs';

const oneWorker = { config: { runtime: { workers: 1 } } };
const idle = (gateway) => gateway.metric('penstock_upstream_connections', { state: 'idle' });

test('clients that come and go share the connections to the origin', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene({}, oneWorker);
  for (let i = 0; i < 20; i += 1) assert.equal((await ask(port, get('/'))).status, 200);
  assert.equal(origin.accepted, 1);
  assert.equal(await gateway.metric('penstock_upstream_reuses_total'), 19);
});

test('a connection the origin closed is retired, and even a POST does not meet it', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene({}, oneWorker);
  await ask(port, get('/'));
  await eventually(async () => await idle(gateway) === 1, 'one idle connection');
  for (const connection of origin.connections) connection.close();
  await eventually(async () => await idle(gateway) === 0, 'the connection retired');
  assert.equal((await ask(port, request('POST', '/', [], 'hello'))).status, 200);
  assert.equal(origin.accepted, 2);
});

test('a connection on which the origin speaks unasked is retired', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene({}, oneWorker);
  await ask(port, get('/'));
  await eventually(async () => await idle(gateway) === 1, 'one idle connection');
  for (const connection of origin.connections) connection.send(answer('408 Request Timeout', 'poison'));
  await eventually(async () => await idle(gateway) === 0, 'the connection retired');
  assert.equal((await ask(port, get('/'))).body, 'ok');
});

test('an idle connection is closed in time', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, { ...oneWorker, service: { pool: { idleTimeout: '200ms' } } });
  await ask(port, get('/'));
  await eventually(() => origin.connections.size === 0, 'the idle connection closed');
});

test('an answer with Connection: close is the last on its connection', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({ respond: (_, c) => c.send(answer('200 OK', 'ok', ['Connection: close'])) }, oneWorker);
  for (let i = 0; i < 3; i += 1) assert.equal((await ask(port, get('/'))).status, 200);
  assert.equal(origin.accepted, 3);
});

test('beyond maxConnections the service is 503, and serves again after', { timeout: 60_000 }, async () => {
  const held = [];
  const { port } = await scene({ respond: (_, c) => held.push(c) }, { ...oneWorker, service: { pool: { maxConnections: 2 } } });
  const clients = [0, 1].map(() => new RawClient(port).send(get('/')));
  await eventually(() => held.length === 2, 'two requests at the origin');
  const response = await ask(port, get('/'));
  assert.equal(response.status, 503);
  assert.equal(JSON.parse(response.body).code, 'pool_exhausted');
  for (const connection of held) connection.send(answer('200 OK', 'ok'));
  for (const client of clients) assert.equal((await client.response()).status, 200);
  const again = new RawClient(port).send(get('/'));
  await eventually(() => held.length === 3, 'a third request at the origin');
  held[2].send(answer('200 OK', 'ok'));
  assert.equal((await again.response()).status, 200);
  for (const client of [...clients, again]) client.destroy();
});

test('the origin learns when a client gives up', { timeout: 60_000 }, async () => {
  let held;
  const { port, gateway } = await scene({ respond: (_, c) => { held = c; } });
  const client = new RawClient(port).send(get('/abandoned'));
  await eventually(() => held, 'the request at the origin');
  client.destroy();
  await eventually(() => held.ended, 'the end of the connection to the origin');
  assert.equal((await gateway.logged((line) => line.path === '/abandoned')).status_code, 499);
});
