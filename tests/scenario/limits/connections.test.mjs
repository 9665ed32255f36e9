import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

async function open(port, options) {
  const client = new RawClient(port, options).send(get('/'));
  await client.until(() => client.responses.finals[0]?.complete || client.ended);
  return client;
}
const isServed = (client) => client.responses.finals[0]?.status === 200;

async function holdsLimit(port, gateway, count, limit) {
  const clients = [];
  for (let i = 0; i < count; i += 1) clients.push(await open(port));
  assert.ok(clients.every(isServed));
  const over = await open(port);
  assert.ok(!isServed(over), 'one more is refused');
  await over.closed();
  assert.ok(await gateway.metric('penstock_connections_refused_total') >= 1);
  assert.ok(await gateway.metric('penstock_limit_hits_total', { limit }) >= 1);
  return clients;
}

test('connections beyond the limit are refused, those within keep serving, and room returns', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({}, { limits: { connections: 6 } });
  const clients = await holdsLimit(port, gateway, 6, 'connections');
  clients[0].send(get('/'));
  assert.equal((await clients[0].response(1)).status, 200);
  clients[1].destroy();
  await eventually(async () => (await ask(port, get('/'))).status === 200, 'room for one more');
  for (const client of clients) client.destroy();
});

test('one address has its own limit, another address is not harmed', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({}, { limits: { connectionsPerAddress: 3 } });
  const clients = await holdsLimit(port, gateway, 3, 'connectionsPerAddress');
  assert.ok(isServed(await open(port, { localAddress: '127.0.0.2' })));
  for (const client of clients) client.destroy();
  await eventually(async () => (await ask(port, get('/'))).status === 200, 'room for one more');
});
