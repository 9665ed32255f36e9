import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { status } from '../harness/reload.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

// A service that can be made to fail, with a circuit, beside one that is well.
async function twoServices(circuitBreaker, service = {}) {
  const state = { fails: false };
  const weak = await rawOrigin({ respond: (request, connection) => connection.send(state.fails ? answer('500 No', 'no') : answer('200 OK', 'ok')) });
  const well = await rawOrigin();
  const instances = ({ port }) => [{ host: '127.0.0.1', port }];
  const gateway = await startGateway({
    services: [
      { serviceName: 'weak', instances: instances(weak), circuitBreaker, ...service },
      { serviceName: 'well', instances: instances(well), circuitBreaker },
    ],
    routes: ['weak', 'well'].map((name) => ({ routeId: name, path: `/${name}`, upstreamService: name, authRequired: false })),
  });
  const circuit = async () => (await status(gateway)).services[0].circuit;
  return { state, weak, well, gateway, circuit, to: (name) => ask(gateway.port, get(`/${name}`)) };
}

async function fail({ state, to }) {
  state.fails = true;
  let response;
  await eventually(async () => {
    response = await to('weak');
    return response.status === 503;
  }, 'an open circuit');
  return response;
}

test('a circuit opens for the service that fails, on all workers, and for no other', { timeout: 60_000 }, async () => {
  const scene = await twoServices({ minimumRequests: 5, openFor: '1m' });
  const { weak, gateway, circuit, to } = scene;
  assert.equal(await circuit(), 'closed');
  for (let i = 0; i < 4; i += 1) assert.equal((await to('weak')).status, 200);
  const refused = await fail(scene);
  const problem = JSON.parse(refused.body);
  assert.equal(problem.code, 'circuit_open');
  const after = Number(valueOf(refused, 'retry-after'));
  assert.ok(after > 50 && after <= 60, `${after}`);
  const asked = weak.requests.length;
  for (let i = 0; i < 20; i += 1) {
    assert.equal((await to('weak')).status, 503);
    assert.equal((await to('well')).status, 200);
  }
  assert.equal(weak.requests.length, asked);
  assert.equal(await circuit(), 'open');
  assert.equal(await gateway.metric('penstock_circuit_state', { service: 'weak' }), 2);
  assert.equal(await gateway.metric('penstock_circuit_state', { service: 'well' }), 0);
  assert.equal(await gateway.metric('penstock_circuit_transitions_total', { service: 'weak', to: 'open' }), 1);
  assert.match(gateway.child.err, /event="circuit open" service=weak reason="failure rate" failed=\d+ slow=0 of=\d+/);
  const line = await gateway.logged((each) => each.reason === 'circuit_open');
  assert.equal(line.status_code, 503);
  assert.equal(line.upstream_service, 'weak');
  assert.equal(line.attempts, 0);
});

test('it closes by itself once trials succeed', { timeout: 60_000 }, async () => {
  const scene = await twoServices({ consecutiveFailures: 2, openFor: '100ms', trials: 2, ramp: '0s' });
  const { state, gateway, circuit, to } = scene;
  await fail(scene);
  state.fails = false;
  await eventually(async () => (await to('weak')).status === 200 && (await circuit()) === 'closed', 'a closed circuit');
  for (let i = 0; i < 10; i += 1) assert.equal((await to('weak')).status, 200);
  assert.match(gateway.child.err, /event="circuit half open" service=weak/);
  assert.match(gateway.child.err, /event="circuit closed" service=weak/);
});

test('no answer in time is a failure, and slow ones count by their own rate', { timeout: 60_000 }, async () => {
  const scene = await twoServices({ minimumRequests: 3, failureRate: '100%', slowerThan: '1ms', slowRate: '60%', openFor: '1m' });
  const { weak, circuit, gateway, to } = scene;
  weak.respond = (request, connection) => setTimeout(() => connection.send(answer('200 OK', 'late')), 30);
  for (let i = 0; i < 3; i += 1) assert.equal((await to('weak')).status, 200);
  assert.equal((await to('weak')).status, 503);
  assert.equal(await circuit(), 'open');
  assert.match(gateway.child.err, /event="circuit open" service=weak reason="slow rate" failed=0 slow=3 of=3/);
});

test('a reload keeps what is known of the service', { timeout: 60_000 }, async () => {
  const scene = await twoServices({ consecutiveFailures: 1, openFor: '1m' });
  const { circuit, gateway, to } = scene;
  await fail(scene);
  gateway.child.signal('SIGHUP');
  await eventually(async () => (await status(gateway)).config.version === 2, 'the reload');
  assert.equal(await circuit(), 'open');
  assert.equal((await to('weak')).status, 503);
});
