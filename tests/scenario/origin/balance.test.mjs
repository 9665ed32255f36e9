import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, get } from '../harness/raw_client.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

async function shares(instances, requests, workers = 1) {
  const origins = await Promise.all(instances.map(() => rawOrigin()));
  const gateway = await startGateway({
    services: [{ serviceName: 'many', instances: instances.map((more, i) => ({ host: '127.0.0.1', port: origins[i].port, ...more })) }],
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
  const { counts } = await shares([{ weight: 1 }, { weight: 3 }, { healthy: false }, { weight: 0 }], 40);
  assert.deepEqual(counts, [10, 30, 0, 0]);
});

test('a service without a usable instance is 503', { timeout: 60_000 }, async () => {
  const { gateway } = await shares([{ healthy: false }], 0);
  const response = await ask(gateway.port, get('/'));
  assert.equal(response.status, 503);
  assert.equal(JSON.parse(response.body).code, 'no_healthy_endpoint');
});
