import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { status } from '../harness/reload.mjs';
import { rawOrigin, scene } from '../harness/scene.mjs';

// A service that keeps its requests until it is told to answer them.
async function slowScene(bulkhead, options = {}) {
  const kept = [];
  const made = await scene({ respond: (request, connection) => kept.push(connection) }, { service: { bulkhead }, ...options });
  const load = async () => (await status(made.gateway)).services[0].bulkhead;
  const send = async (count) => {
    const clients = Array.from({ length: count }, () => new RawClient(made.port).send(get('/')));
    return clients;
  };
  const release = () => kept.splice(0).forEach((connection) => connection.send(answer('200 OK', 'ok')));
  return { ...made, kept, load, send, release };
}

test('a service is given so many requests, others wait, and the rest get 503', { timeout: 60_000 }, async () => {
  const { gateway, port, origin, kept, load, send, release } = await slowScene({ maxRequests: 3, maxPending: 2, pendingTimeout: '1m' });
  const clients = await send(5);
  await eventually(async () => (await load()).pending === 2, 'two that wait');
  assert.deepEqual(await load(), { active: 3, pending: 2, max_requests: 3, max_pending: 2 });
  const refused = await ask(port, get('/'));
  assert.equal(refused.status, 503);
  assert.equal(valueOf(refused, 'retry-after'), '1');
  assert.equal(JSON.parse(refused.body).code, 'bulkhead_full');
  assert.equal(origin.requests.length, 3);
  assert.equal(await gateway.metric('penstock_bulkhead_requests', { state: 'active' }), 3);
  assert.equal(await gateway.metric('penstock_bulkhead_requests', { state: 'pending' }), 2);
  assert.equal(await gateway.metric('penstock_limit_hits_total', { limit: 'maxRequests' }), 1);
  release();
  await eventually(() => origin.requests.length === 5 && kept.length === 2, 'those that waited');
  release();
  for (const client of clients) assert.equal((await client.response()).status, 200);
  await eventually(async () => (await load()).active === 0, 'nobody inside');
});

test('who waits too long gets 503, and who leaves makes room', { timeout: 60_000 }, async () => {
  const { port, origin, load, send, release } = await slowScene({ maxRequests: 1, maxPending: 1, pendingTimeout: '200ms' });
  const [first] = await send(1);
  await eventually(() => origin.requests.length === 1, 'the first');
  const late = await ask(port, get('/'));
  assert.equal(late.status, 503);
  assert.equal(JSON.parse(late.body).code, 'pending_timeout');
  assert.equal(valueOf(late, 'retry-after'), '1');
  const [leaving] = await send(1);
  await eventually(async () => (await load()).pending === 1, 'one that waits');
  leaving.destroy();
  await eventually(async () => (await load()).pending === 0, 'an empty queue');
  first.destroy();
  await eventually(async () => (await load()).active === 0, 'nobody inside');
  const [last] = await send(1);
  await eventually(() => origin.requests.length === 2, 'the last');
  release();
  assert.equal((await last.response()).status, 200);
});

test('other services feel nothing', { timeout: 60_000 }, async () => {
  const well = await rawOrigin();
  const slow = await rawOrigin({ respond: () => {} });
  const service = (serviceName, { port }) => ({ serviceName, instances: [{ host: '127.0.0.1', port }], bulkhead: { maxRequests: 1 } });
  const { port } = await scene({}, {
    config: {
      services: [service('slow', slow), service('well', well)],
      routes: ['slow', 'well'].map((name) => ({ routeId: name, path: `/${name}`, upstreamService: name, authRequired: false })),
    },
  });
  const waiting = new RawClient(port).send(get('/slow'));
  await eventually(() => slow.requests.length === 1, 'the slow one');
  for (let i = 0; i < 20; i += 1) {
    assert.equal((await ask(port, get('/slow'))).status, 503);
    assert.equal((await ask(port, get('/well'))).status, 200);
  }
  waiting.destroy();
});
