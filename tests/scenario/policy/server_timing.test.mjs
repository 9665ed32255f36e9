import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { promtool } from '../harness/promtool.mjs';
import { RawClient, ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const route = {
  corsPolicy: { origins: ['*'] },
  headersPolicy: { request: { add: [{ name: 'X-Tag', value: '1' }] } },
};
const asking = 'Server-Timing: please';

test('a trusted sender is told how long each stage took', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, { route, trustedProxies: ['127.0.0.0/8'] });
  const times = valueOf(await ask(port, get('/', asking)), 'server-timing');
  assert.match(times, /^(\w+;dur=\d+\.\d{3}, )+total;dur=\d+\.\d{3}$/);
  const named = times.split(', ').map((one) => one.split(';')[0]);
  for (const stage of ['match', 'cors', 'transform', 'forward', 'total']) assert.ok(named.includes(stage), `${stage} in ${times}`);
  const of = (name) => Number(times.match(new RegExp(`${name};dur=([\\d.]+)`))[1]);
  assert.ok(of('total') >= of('forward'));
  assert.equal(valueOf(origin.requests[0], 'server-timing'), undefined, 'the service does not see the question');
  assert.equal(valueOf(await ask(port, get('/')), 'server-timing'), undefined, 'nobody asked');
});

test('a stranger is not told', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, { route });
  assert.equal(valueOf(await ask(port, get('/', asking)), 'server-timing'), undefined);
  assert.equal(valueOf(origin.requests[0], 'server-timing'), undefined);
});

test('a refusal says how long it took, too', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { ...route, authRequired: true }, trustedProxies: ['127.0.0.0/8'] });
  const response = await ask(port, get('/', asking));
  assert.equal(response.status, 401);
  assert.match(valueOf(response, 'server-timing'), /cors;dur=.*total;dur=/);
  assert.doesNotMatch(valueOf(response, 'server-timing'), /forward/);
});

test('one request in 64 is measured by stage and kind, for the metrics', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene({}, { route, config: { runtime: { workers: 1 } } });
  const client = new RawClient(port, { methods: Array(130).fill('GET') });
  for (let i = 0; i < 130; i += 1) await client.send(get('/')).response(i);
  client.destroy();
  const count = (labels) => gateway.metric('penstock_policy_duration_seconds_count', labels);
  await eventually(async () => await count({ stage: 'cors', kind: 'cors' }) === 2, 'two requests measured');
  assert.equal(await count({ stage: 'transform', kind: 'headers' }), 2);
  assert.equal(await count({ stage: 'match', kind: 'gateway' }), 2);
  assert.ok(await gateway.metric('penstock_policy_duration_seconds_sum') > 0);
  assert.deepEqual(await promtool(await gateway.metrics()), { code: 0, said: '' });
});
