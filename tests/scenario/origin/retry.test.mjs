import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../harness/ports.mjs';
import { ask, get, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

const instances = (...ports) => ports.map((port) => ({ host: '127.0.0.1', port }));

async function pair(respond, retry, more = {}) {
  const bad = await rawOrigin({ respond });
  const good = await rawOrigin();
  const gateway = await startGateway({
    services: [{ serviceName: 'pair', instances: instances(bad.port, good.port), retry: { backoff: '1ms', ...retry }, ...more }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 'pair', authRequired: false }],
    runtime: { workers: 1 },
  });
  return { bad, good, gateway, port: gateway.port };
}

async function statuses(port, bytes, count) {
  const list = [];
  for (let i = 0; i < count; i += 1) list.push((await ask(port, bytes)).status);
  return list;
}

const resets = (_, connection) => connection.reset();

for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
  test(`${method} is tried again at the other instance after a reset`, { timeout: 60_000 }, async () => {
    const { bad, good, port, gateway } = await pair(resets);
    const bytes = request(method, '/', [], method === 'PUT' ? 'hello' : '');
    assert.deepEqual(await statuses(port, bytes, 8), Array(8).fill(200));
    assert.ok(bad.requests.length > 0);
    assert.equal(good.requests.length, 8);
    if (method === 'PUT') assert.ok(good.requests.every((seen) => seen.body === 'hello'));
    assert.ok((await gateway.logged((line) => line.attempts === 2)).status_code === 200);
    assert.ok(await gateway.metric('penstock_retries_total') > 0);
  });
}

for (const method of ['POST', 'PATCH']) {
  test(`${method} that was sent is not sent twice`, { timeout: 60_000 }, async () => {
    const { bad, good, port } = await pair(resets);
    const list = await statuses(port, request(method, '/', [], 'hello'), 8);
    assert.equal(bad.requests.length + good.requests.length, 8);
    assert.equal(list.filter((status) => status === 200).length, good.requests.length);
    assert.equal(list.filter((status) => status === 502).length, bad.requests.length);
    assert.ok(bad.requests.length > 0 && good.requests.length > 0);
  });
}

test('POST is tried again where the configuration says so', { timeout: 60_000 }, async () => {
  const { port } = await pair(resets, { methods: ['POST'] });
  assert.deepEqual(await statuses(port, request('POST', '/', [], 'hello'), 8), Array(8).fill(200));
});

test('503 is tried again, another error is not', { timeout: 60_000 }, async () => {
  const one = await pair((_, c) => c.send(answer('503 Service Unavailable', 'busy')));
  assert.deepEqual(await statuses(one.port, get('/'), 8), Array(8).fill(200));
  const two = await pair((_, c) => c.send(answer('500 Oops', 'oops')));
  const list = await statuses(two.port, get('/'), 8);
  assert.ok(list.includes(500) && list.includes(200));
});

test('a client sees the origin\'s own 503 when the second try fails alike', { timeout: 60_000 }, async () => {
  const busy = await rawOrigin({ respond: (_, c) => c.send(answer('503 Service Unavailable', 'busy')) });
  const gateway = await startGateway({
    services: [{ serviceName: 'one', instances: instances(busy.port), retry: { backoff: '1ms' } }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 'one', authRequired: false }],
  });
  const response = await ask(gateway.port, get('/'));
  assert.equal(response.status, 503);
  assert.equal(response.body, 'busy');
  assert.equal(busy.requests.length, 2);
});

test('a reset after the answer began is not tried again', { timeout: 60_000 }, async () => {
  const { bad, good, port } = await pair((_, c) => { c.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'); setTimeout(() => c.reset(), 20); });
  for (let i = 0; i < 4; i += 1) await ask(port, get('/')).catch(() => {});
  assert.equal(bad.requests.length + good.requests.length, 4);
});

test('retries stay within their budget', { timeout: 60_000 }, async () => {
  const bad = await rawOrigin({ respond: resets });
  const gateway = await startGateway({
    services: [{ serviceName: 'bad', instances: instances(bad.port), retry: { backoff: '1ms', budget: '10%' } }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 'bad', authRequired: false }],
    runtime: { workers: 1 },
  });
  const list = await statuses(gateway.port, get('/'), 100);
  assert.ok(list.every((status) => status === 502));
  const retries = bad.requests.length - 100;
  assert.ok(retries > 0 && retries <= 10 + 10 + 1, `${retries} retries`);
  assert.ok(await gateway.metric('penstock_retries_total', { outcome: 'over_budget' }) > 0);
});

test('a body too large to keep is not sent twice', { timeout: 60_000 }, async () => {
  const { bad, good, port } = await pair(resets);
  for (let i = 0; i < 6; i += 1) await ask(port, request('PUT', '/', [], 'x'.repeat(200_000))).catch(() => {});
  assert.equal(bad.requests.length + good.requests.length, 6);
});

test('a refusing endpoint is ejected, and taken back when it serves again', { timeout: 60_000 }, async () => {
  const good = await rawOrigin();
  const deadPort = await freePort();
  const gateway = await startGateway({
    services: [{ serviceName: 'pair', instances: instances(deadPort, good.port), retry: { backoff: '1ms' } }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 'pair', authRequired: false }],
    runtime: { workers: 1 },
  });
  assert.deepEqual(await statuses(gateway.port, get('/'), 30), Array(30).fill(200));
  assert.ok(await gateway.metric('penstock_endpoint_ejections_total') >= 1);
  const dead = { endpoint: `127.0.0.1:${deadPort}` };
  assert.equal(await gateway.metric('penstock_endpoint_healthy', dead), 0);
  const revived = await rawOrigin({}, deadPort);
  for (let i = 0; i < 3000 && revived.requests.length === 0; i += 1) {
    assert.equal((await ask(gateway.port, get('/'))).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(revived.requests.length > 0);
  assert.equal(await gateway.metric('penstock_endpoint_healthy', dead), 1);
});
