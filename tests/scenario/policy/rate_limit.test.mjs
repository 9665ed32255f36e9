import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { valueOf, valuesOf } from '../harness/http1_parse.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { rawOrigin, scene, startGateway } from '../harness/scene.mjs';

const limited = (policy, options = {}) => scene({}, {
  config: { rateLimitPolicies: [{ policyId: 'standard-user', ...policy }] },
  route: { rateLimitPolicy: 'standard-user' },
  ...options,
});
const hourly = (limit, scope) => ({ limit, window: '1h', scope });
const statuses = async (port, count, ...fields) => {
  const seen = [];
  for (let i = 0; i < count; i++) seen.push((await ask(port, get('/', ...fields))).status);
  return seen;
};

test('a refusal is a 429 that says which limit it was and how long to wait', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await limited({ ...hourly(2, 'ip'), legacy: true });
  assert.deepEqual(await statuses(port, 2), [200, 200]);
  const response = await ask(port, get('/late'));
  assert.equal(response.status, 429);
  assert.equal(valueOf(response, 'ratelimit-policy'), '"standard-user";q=2;w=3600');
  const left = /^"standard-user";r=0;t=(\d+)$/.exec(valueOf(response, 'ratelimit'))?.[1];
  assert.ok(left > 1700 && left <= 1800, valueOf(response, 'ratelimit'));
  assert.equal(valueOf(response, 'retry-after'), left, 'the same moment');
  assert.equal(valueOf(response, 'x-ratelimit-limit'), '2');
  assert.equal(valueOf(response, 'x-ratelimit-remaining'), '0');
  assert.equal(valueOf(response, 'x-ratelimit-reset'), left);
  assert.equal(valueOf(response, 'content-type'), 'application/problem+json');
  const problem = JSON.parse(response.body);
  assert.equal(problem.code, 'rate_limited');
  assert.equal(problem.status, 429);
  assert.equal(problem.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded');
  assert.deepEqual(problem['violated-policies'], ['standard-user']);
  assert.equal(origin.requests.length, 2, 'the service saw nothing of it');
  const line = await gateway.logged((l) => l.path === '/late');
  assert.equal(line.reason, 'rate_limited');
  assert.deepEqual(line.ratelimit, { policy: 'standard-user', remaining: 0 });
  const decisions = (decision) => gateway.metric('penstock_ratelimit_decisions_total', { policy: 'standard-user', decision });
  assert.equal(await decisions('allowed'), 2);
  assert.equal(await decisions('limited'), 1);
});

test('allowed answers say what is left only if asked to', { timeout: 60_000 }, async () => {
  const quiet = await limited(hourly(10, 'ip'));
  const silent = await ask(quiet.port, get('/'));
  assert.equal(valueOf(silent, 'ratelimit'), undefined);
  assert.equal(valueOf(silent, 'ratelimit-policy'), undefined);
  const open = await limited({ ...hourly(10, 'ip'), headers: true });
  const first = await ask(open.port, get('/'));
  assert.equal(first.status, 200);
  assert.equal(valueOf(first, 'ratelimit-policy'), '"standard-user";q=10;w=3600');
  assert.match(valueOf(first, 'ratelimit'), /^"standard-user";r=9;t=360$/);
  assert.equal(valueOf(first, 'retry-after'), undefined);
  assert.deepEqual((await open.gateway.logged((l) => l.status_code === 200)).ratelimit, { policy: 'standard-user', remaining: 9 });
});

test('a burst is spent at once and comes back', { timeout: 60_000 }, async () => {
  const { port } = await limited({ limit: 10, window: '10s', burst: 2, scope: 'ip' });
  assert.ok((await statuses(port, 20)).includes(429));
  await eventually(async () => (await ask(port, get('/'))).status === 200, 'a refill');
});

for (const scope of ['ip', 'userId']) {
  test(`${scope}: every address has its own quota, and an IPv6 network one`, { timeout: 60_000 }, async () => {
    const { port } = await limited(hourly(1, scope), { trustedProxies: ['127.0.0.1'] });
    const from = async (address) => (await ask(port, get('/', `X-Forwarded-For: ${address}`))).status;
    assert.equal(await from('192.0.2.1'), 200);
    assert.equal(await from('192.0.2.1'), 429);
    assert.equal(await from('192.0.2.2'), 200);
    assert.equal(await from('2001:db8:0:1::1'), 200);
    assert.equal(await from('2001:db8:0:1::2'), 429);
    assert.equal(await from('2001:db8:0:2::1'), 200);
  });
}

test('an address that a stranger claims is not believed', { timeout: 60_000 }, async () => {
  const { port } = await limited(hourly(1, 'ip'));
  assert.equal((await ask(port, get('/', 'X-Forwarded-For: 192.0.2.1'))).status, 200);
  assert.equal((await ask(port, get('/', 'X-Forwarded-For: 192.0.2.2'))).status, 429);
});

test('header: every value has its own quota, and those without it one', { timeout: 60_000 }, async () => {
  const { port } = await limited(hourly(1, { header: 'X-Tenant' }));
  assert.deepEqual(await statuses(port, 2, 'x-tenant: a'), [200, 429]);
  assert.deepEqual(await statuses(port, 2, 'X-Tenant: b'), [200, 429]);
  assert.deepEqual(await statuses(port, 2), [200, 429]);
});

test('one policy on two routes is one quota, unless it counts by route or service', { timeout: 60_000 }, async () => {
  const origin = await rawOrigin();
  const instances = [{ host: '127.0.0.1', port: origin.port }];
  const route = (policy, path, upstreamService = 'one') => ({
    routeId: `${policy}${path}`, path: `/${policy}${path}`, upstreamService, authRequired: false, rateLimitPolicy: policy,
  });
  const { port } = await startGateway({
    services: [{ serviceName: 'one', instances }, { serviceName: 'two', instances }],
    rateLimitPolicies: [
      { policyId: 'ip', ...hourly(1, 'ip') },
      { policyId: 'route', ...hourly(1, 'route') },
      { policyId: 'service', ...hourly(1, 'service') },
      { policyId: 'both', ...hourly(1, ['ip', 'route']) },
    ],
    routes: [
      route('ip', '/a'), route('ip', '/b'), route('route', '/a'), route('route', '/b'), route('both', '/a'), route('both', '/b'),
      route('service', '/a'), route('service', '/b'), route('service', '/c', 'two'),
    ],
  });
  const at = async (path) => (await ask(port, get(path))).status;
  assert.equal(await at('/ip/a'), 200);
  assert.equal(await at('/ip/b'), 429);
  for (const policy of ['route', 'both']) {
    assert.equal(await at(`/${policy}/a`), 200);
    assert.equal(await at(`/${policy}/a`), 429);
    assert.equal(await at(`/${policy}/b`), 200);
  }
  assert.equal(await at('/service/a'), 200);
  assert.equal(await at('/service/b'), 429);
  assert.equal(await at('/service/c'), 200);
});

test('of several policies all are named, and the tightest says what is left', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, {
    config: {
      rateLimitPolicies: [
        { policyId: 'wide', ...hourly(100, 'ip'), headers: true },
        { policyId: 'tight', ...hourly(2, 'route') },
      ],
    },
    route: { rateLimitPolicies: ['wide', 'tight'] },
  });
  const response = await ask(port, get('/'));
  assert.equal(response.status, 200);
  assert.deepEqual(valuesOf(response, 'ratelimit-policy').sort(), ['"tight";q=2;w=3600', '"wide";q=100;w=3600']);
  assert.match(valueOf(response, 'ratelimit'), /^"tight";r=1;/);
  assert.deepEqual(await statuses(port, 2), [200, 429]);
  const refused = await ask(port, get('/'));
  assert.deepEqual(JSON.parse(refused.body)['violated-policies'], ['tight']);
});

test('a limit may stand in the route itself', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { rateLimitPolicy: hourly(1, 'ip') } });
  assert.deepEqual(await statuses(port, 2), [200, 429]);
});

test('a protected route counts strangers by address before it refuses them', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { authRequired: true, rateLimitPolicy: hourly(1, 'ip') } });
  assert.deepEqual(await statuses(port, 2), [401, 429]);
});

test('a reload keeps what was counted, and a new limit holds from there', { timeout: 60_000 }, async () => {
  const { port, gateway } = await limited(hourly(4, 'ip'));
  assert.deepEqual(await statuses(port, 2), [200, 200]);
  const reload = async (limit) => {
    const before = await gateway.metric('penstock_config_applies_total', { result: 'success' });
    gateway.config.rateLimitPolicies[0].limit = limit;
    await writeFile(gateway.file, JSON.stringify(gateway.config));
    gateway.child.signal('SIGHUP');
    await eventually(async () => await gateway.metric('penstock_config_applies_total', { result: 'success' }) > before, 'the reload');
  };
  await reload(4);
  assert.deepEqual(await statuses(port, 3), [200, 200, 429]);
  await reload(8);
  assert.deepEqual(await statuses(port, 1), [429], 'what was spent stays spent');
});

test('two workers under many connections admit the burst and the refill, and not one more', { timeout: 120_000 }, async () => {
  const burst = 1000;
  const perSecond = 1000 / 60;
  const origin = http.createServer((request, response) => response.end('ok'));
  await new Promise((resolve) => { origin.listen(0, '127.0.0.1', resolve); });
  const { port } = await startGateway({
    services: [{ serviceName: 'origin', instances: [{ host: '127.0.0.1', port: origin.address().port }] }],
    rateLimitPolicies: [{ policyId: 'standard-user', limit: burst, window: '1m', scope: 'userId' }],
    routes: [{ routeId: 'all', path: '/*', upstreamService: 'origin', authRequired: false, rateLimitPolicy: 'standard-user' }],
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const statusOf = () => new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
  const began = performance.now();
  const seen = await Promise.all(Array.from({ length: 2 * burst }, statusOf));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  origin.close();
  const admitted = seen.filter((status) => status === 200).length;
  assert.equal(seen.filter((status) => status === 429).length, seen.length - admitted, 'nothing but 200 and 429');
  assert.ok(admitted >= burst, `${admitted} admitted`);
  assert.ok(admitted <= burst + Math.floor(perSecond * seconds), `${admitted} admitted in ${seconds} s`);
});
