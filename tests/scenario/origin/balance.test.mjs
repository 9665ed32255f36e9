import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { status } from '../harness/reload.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

async function shares(instances, requests, { workers = 1, service = {} } = {}) {
  const origins = await Promise.all(instances.map(() => rawOrigin()));
  const gateway = await startGateway({
    services: [{ serviceName: 'many', ...service, instances: instances.map((more, i) => ({ host: '127.0.0.1', port: origins[i].port, ...more })) }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 'many', authRequired: false }],
    runtime: { workers },
  });
  for (let i = 0; i < requests; i += 1) await ask(gateway.port, get('/'));
  return { counts: origins.map((origin) => origin.requests.length), gateway };
}

test('instances take turns', { timeout: 60_000 }, async () => {
  const { counts } = await shares([{}, {}, {}], 30);
  assert.deepEqual(counts, [10, 10, 10]);
});

test('a weight is a share; what is unhealthy or weighs nothing gets none', { timeout: 60_000 }, async () => {
  const { counts, gateway } = await shares([{ weight: 1 }, { weight: 3 }, { healthy: false }, { weight: 0 }], 40);
  assert.deepEqual(counts, [10, 30, 0, 0]);
  const [{ endpoints }] = (await status(gateway)).services;
  assert.deepEqual(endpoints.map(({ healthy, taken_out: out }) => [healthy, out]), [[true, false], [true, false], [false, true], [true, false]]);
  const endpoint = endpoints[2].address;
  assert.equal(await gateway.metric('penstock_endpoint_healthy', { endpoint }), 0);
  assert.equal(await gateway.metric('penstock_endpoint_healthy'), 3);
});

test('a service without a usable instance is 503', { timeout: 60_000 }, async () => {
  const { gateway } = await shares([{ healthy: false }], 0);
  const response = await ask(gateway.port, get('/'));
  assert.equal(response.status, 503);
  assert.equal(JSON.parse(response.body).code, 'no_healthy_endpoint');
});

test('least connections leaves the instance alone that does not answer', { timeout: 60_000 }, async () => {
  const slow = await rawOrigin({ respond: () => {} });  // Takes requests and keeps them.
  const quick = await rawOrigin();
  const gateway = await startGateway({
    services: [{ serviceName: 'two', loadBalancing: { strategy: 'leastConnections' }, instances: [slow, quick].map(({ port }) => ({ host: '127.0.0.1', port })) }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 'two', authRequired: false }],
    runtime: { workers: 1 },
  });
  const waiting = [];
  while (slow.requests.length === 0) {
    waiting.push(new RawClient(gateway.port).send(get('/')));
    await eventually(() => slow.requests.length + quick.requests.length === waiting.length, 'the request at an instance');
  }
  const before = quick.requests.length;
  for (let i = 0; i < 20; i += 1) assert.equal((await ask(gateway.port, get('/'))).status, 200);
  assert.equal(slow.requests.length, 1);
  assert.equal(quick.requests.length, before + 20);
  const [{ endpoints }] = (await status(gateway)).services;
  assert.equal(endpoints.find(({ address }) => address.endsWith(`:${slow.port}`)).in_flight, 1);
  for (const client of waiting) client.destroy();
});

test('random of two gives each instance its share, about', { timeout: 60_000 }, async () => {
  const { counts } = await shares([{ weight: 1 }, { weight: 1 }, { weight: 0 }], 200, { service: { loadBalancing: { strategy: 'random' } } });
  assert.equal(counts[0] + counts[1], 200);
  // The odds against a share this small are above a billion to one.
  assert.ok(counts[0] > 50 && counts[1] > 50, counts.join(' '));
  assert.equal(counts[2], 0);
});
