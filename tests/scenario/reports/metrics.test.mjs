import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { promtool } from '../harness/promtool.mjs';
import { RawClient, ask, get, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { scene } from '../harness/scene.mjs';

const script = {
  respond: (asked, c) => {
    if (asked.target === '/reset') return c.reset();
    c.send(asked.target === '/busy' ? answer('503 Busy', 'no') : answer('200 OK', 'ok'));
  },
};

test('metrics are served on both addresses under both names, clean under promtool', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene(script);
  for (const path of ['/', '/busy', '/reset', '/"quoted\\"']) await ask(port, get(path));
  await ask(port, request('BREW', '/'));
  for (const where of [gateway.adminPort, gateway.healthPort]) {
    for (const path of ['/metrics', '/api/gateway/metrics']) {
      const text = await gateway.metrics(where, path);
      assert.deepEqual(await promtool(text), { code: 0, said: '' });
    }
  }
});

test('OpenMetrics is served to those who ask for it', { timeout: 60_000 }, async () => {
  const { gateway } = await scene();
  const plain = await ask(gateway.adminPort, get('/metrics'));
  assert.match(valueOf(plain, 'content-type'), /^text\/plain; ?version=0\.0\.4/);
  const open = await ask(gateway.adminPort, get('/metrics', 'Accept: application/openmetrics-text; version=1.0.0'));
  assert.match(valueOf(open, 'content-type'), /^application\/openmetrics-text; ?version=1\.0\.0/);
  assert.ok(open.body.endsWith('# EOF\n'));
});

test('requests are counted by route, service, class and reason', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene(script, { service: { retry: { attempts: 1 } } });
  for (let i = 0; i < 5; i += 1) await ask(port, get('/'));
  await ask(port, get('/busy'));
  await ask(port, get('/reset'));
  const count = (labels) => gateway.metric('penstock_requests_total', { route: 'all', service: 'origin', ...labels });
  await eventually(async () => await count({}) === 7, 'seven requests');
  assert.equal(await count({ code_class: '2xx' }), 5);
  assert.equal(await count({ code_class: '5xx' }), 2);
  assert.equal(await count({ reason: 'upstream_closed' }), 1);
  assert.equal(await gateway.metric('http_server_request_duration_seconds_count'), 7);
  assert.equal(await gateway.metric('penstock_endpoint_healthy'), 1);
  assert.equal(await gateway.metric('penstock_build_info'), 1);
  assert.equal(await gateway.metric('penstock_config_last_apply_success'), 1);
});

test('connections and requests open now are gauges that come back to nought', { timeout: 60_000 }, async () => {
  const held = [];
  const { port, gateway } = await scene({ respond: (_, c) => held.push(c) });
  const client = new RawClient(port).send(get('/'));
  await eventually(() => held.length > 0, 'the request at the origin');
  await eventually(async () => await gateway.metric('http_server_active_requests') === 1, 'one active');
  assert.equal(await gateway.metric('penstock_connections', { listener: 'public' }), 1);
  held[0].send(answer('200 OK', 'ok'));
  await client.response();
  await eventually(async () => await gateway.metric('http_server_active_requests') === 0, 'none active');
  client.destroy();
  await eventually(async () => await gateway.metric('penstock_connections', { listener: 'public' }) === 0, 'no connection');
});

test('raw paths, hosts and methods are no labels', { timeout: 60_000 }, async () => {
  const { port, gateway } = await scene();
  for (let i = 0; i < 50; i += 1) await ask(port, request(`M${i}`, `/path-${i}`, [`Host: host-${i}.example`]));
  const text = await gateway.metrics();
  assert.doesNotMatch(text, /path-7|host-7|"M7"/);
  assert.match(text, /http_request_method="_OTHER"/);
});
