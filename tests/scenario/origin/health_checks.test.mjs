import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificate } from '../harness/certificates.mjs';
import { eventually } from '../harness/eventually.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { reload, status } from '../harness/reload.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

const healthCheck = { path: '/healthz', interval: '100ms', unhealthyAfter: 2, healthyAfter: 2 };

// An origin that can be unwell: then it says so to checks, while it answers everything else.
async function instance(options = {}) {
  const made = { well: true };
  made.origin = await rawOrigin({
    respond: (request, connection) => connection.send(request.start.includes('/healthz') && !made.well ? answer('503 No', '') : answer('200 OK', 'ok')),
    ...options,
  });
  made.asked = () => made.origin.requests.filter(({ start }) => !start.includes('/healthz')).length;
  return made;
}

async function two(service = {}) {
  const instances = [await instance(), await instance()];
  const gateway = await startGateway({
    services: [{ serviceName: 's', instances: instances.map(({ origin }) => ({ host: '127.0.0.1', port: origin.port })), healthCheck, ...service }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 's', authRequired: false }],
  });
  const healthy = async () => (await status(gateway)).services[0].endpoints.map((endpoint) => endpoint.healthy);
  const asking = async (count) => {
    const before = instances.map(({ asked }) => asked());
    for (let i = 0; i < count; i += 1) assert.equal((await ask(gateway.port, get('/'))).status, 200);
    return instances.map(({ asked }, i) => asked() - before[i]);
  };
  return { instances, gateway, healthy, asking };
}

test('an instance that says it is unwell gets no requests until it is well again', { timeout: 60_000 }, async () => {
  const { instances: [first, second], gateway, healthy, asking } = await two();
  assert.ok((await asking(10)).every((count) => count >= 4));
  first.well = false;
  await eventually(async () => !(await healthy())[0], 'an unhealthy instance');
  assert.deepEqual(await asking(10), [0, 10]);
  assert.equal(await gateway.metric('penstock_endpoint_healthy'), 1);
  assert.match(gateway.child.err, new RegExp(`event="endpoint unhealthy" service=s endpoint=127\\.0\\.0\\.1:${first.origin.port} error="status 503"`));
  second.well = false;
  await eventually(async () => !(await healthy())[1], 'another one');
  assert.ok((await asking(10)).every((count) => count >= 4), 'where none is healthy all are tried');
  first.well = true;
  second.well = true;
  await eventually(async () => (await healthy()).every(Boolean), 'two healthy ones');
  assert.ok((await asking(10)).every((count) => count >= 4));
  assert.match(gateway.child.err, /event="endpoint healthy"/);
  assert.ok(await gateway.metric('penstock_health_checks_total', { result: 'failed' }) >= 4);
  const [check] = first.origin.requests.filter(({ start }) => start.includes('/healthz'));
  assert.equal(check.start, 'GET /healthz HTTP/1.1');
});

test('an instance over https is asked so, and its certificate verified', { timeout: 60_000 }, async () => {
  const shown = certificate({ names: ['localhost'] });
  const origin = await rawOrigin({ secure: { cert: shown.cert, key: shown.key } });
  const gateway = await startGateway({
    services: ['localhost', 'elsewhere.example'].map((serverName, i) => ({
      serviceName: `s${i}`, instances: [{ host: '127.0.0.1', port: origin.port }], healthCheck, tls: { caFile: shown.certFile, serverName },
    })),
    routes: [{ routeId: 'all', path: '/*', upstreamService: 's0', authRequired: false }],
  });
  const healthy = async () => (await status(gateway)).services.map(({ endpoints: [endpoint] }) => endpoint.healthy);
  await eventually(async () => !(await healthy())[1], 'the one with another name');
  await eventually(() => origin.requests.length >= 3, 'checks');
  assert.deepEqual(await healthy(), [true, false]);
  assert.match(gateway.child.err, /event="endpoint unhealthy" service=s1 endpoint=\S+ error="TLS: \w+"/);
});

test('a reload takes in another check, and none', { timeout: 60_000 }, async () => {
  const { instances: [first], gateway, healthy } = await two();
  first.well = false;
  await eventually(async () => !(await healthy())[0], 'an unhealthy instance');
  const [service] = gateway.config.services;
  delete service.healthCheck;
  await reload(gateway, gateway.config);
  await eventually(async () => (await healthy()).every(Boolean), 'two that are taken for well');
});

test('an instance whose answers are bad is ejected, and no more than may be', { timeout: 60_000 }, async () => {
  const bad = await rawOrigin({ respond: (request, connection) => connection.send(answer('500 No', '')) });
  const good = await rawOrigin();
  const gateway = await startGateway({
    services: [{ serviceName: 's', instances: [bad, good].map(({ port }) => ({ host: '127.0.0.1', port })), outlierEjection: { consecutiveFailures: 3, ejectFor: '1m' } }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 's', authRequired: false }],
  });
  for (let i = 0; i < 20; i += 1) await ask(gateway.port, get('/'));
  assert.equal(bad.requests.length, 3);
  assert.equal(await gateway.metric('penstock_endpoint_ejections_total', { service: 's' }), 1);
});
