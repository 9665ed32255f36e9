import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf, valuesOf } from '../harness/http1_parse.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { counts, select, weights } from './scene.mjs';

const byVersion = (more = {}) => ({
  versions: {
    header: 'Accept-Version',
    default: 'v1',
    to: { v1: { upstreamService: 'one' }, v2: { upstreamService: 'two' }, v3: { split: weights({ two: 50, three: 50 }) } },
    ...more,
  },
});
const names = ['one', 'two', 'three'];

test('the header names the version; without it the default serves', { timeout: 60_000 }, async () => {
  const { one, gateway, origins } = await select(names, byVersion());
  assert.equal((await one()).body, 'one');
  const second = await one('accept-version: v2', 'User-Agent: second');
  assert.equal(second.body, 'two');
  assert.equal(valueOf(second, 'Vary'), 'Accept-Version');
  assert.equal(valueOf(origins[1].requests[0], 'Accept-Version'), 'v2');
  assert.equal((await gateway.logged((line) => line.user_agent === 'second')).api_version, 'v2');
  assert.equal((await gateway.logged((line) => line.user_agent === null)).api_version, 'v1');
});

test('an unknown version is 400 and names the known ones', { timeout: 60_000 }, async () => {
  const { one, gateway, origins } = await select(names, byVersion());
  for (const lines of [['Accept-Version: v9'], ['Accept-Version: V2'], ['Accept-Version: v1', 'Accept-Version: v2'], ['Accept-Version:']]) {
    const response = await one(...lines);
    assert.equal(response.status, 400);
    assert.equal(JSON.parse(response.body).code, 'unknown_version');
  }
  assert.match(JSON.parse((await one('Accept-Version: v9')).body).detail, /Accept-Version may be v1, v2, v3\./);
  assert.ok(origins.every((origin) => origin.requests.length === 0));
  const line = await gateway.logged((l) => l.reason === 'unknown_version');
  assert.equal(line.api_version, null);
  assert.equal(await gateway.metric('penstock_requests_total', { reason: 'unknown_version' }), 5);
});

test('without a default the version must be named', { timeout: 60_000 }, async () => {
  const { one } = await select(names, byVersion({ default: undefined }));
  const response = await one();
  assert.equal(response.status, 400);
  assert.equal(JSON.parse(response.body).code, 'version_missing');
  assert.match(JSON.parse(response.body).detail, /Accept-Version may be v1, v2, v3\./);
  assert.equal((await one('Accept-Version: v1')).body, 'one');
});

test('a version may be split, and callers keep to their part', { timeout: 60_000 }, async () => {
  const scene = await select(names, byVersion());
  const by = await counts(scene, 100, () => ['Accept-Version: v3']);
  assert.deepEqual(Object.keys(by).sort(), ['three', 'two']);
  const sticky = await select(names, { ...byVersion(), stickyBy: { header: 'X-User' } });
  for (let i = 0; i < 10; i += 1)
    assert.equal(Object.keys(await counts(sticky, 3, () => ['Accept-Version: v3', `X-User: ${i}`])).length, 1);
});

const retiring = byVersion({
  to: {
    v1: { upstreamService: 'one', deprecated: '2023-06-30T23:59:59Z', sunset: '2030-11-11', successor: 'https://api.example.com/v2?a=b' },
    v2: { upstreamService: 'two' },
    v3: { upstreamService: 'three', sunset: '2031-01-01' },
  },
});

test('a deprecated version says so in its answers, and is counted', { timeout: 60_000 }, async () => {
  const { one, gateway } = await select(names, retiring);
  const first = await one();
  assert.equal(valueOf(first, 'Deprecation'), '@1688169599');
  assert.equal(valueOf(first, 'Sunset'), 'Mon, 11 Nov 2030 00:00:00 GMT');
  assert.equal(valueOf(first, 'Link'), '<https://api.example.com/v2?a=b>; rel="successor-version"');
  const second = await one('Accept-Version: v2');
  for (const name of ['Deprecation', 'Sunset', 'Link']) assert.equal(valueOf(second, name), undefined);
  await one('Accept-Version: v1');
  assert.equal(valueOf(await one('Accept-Version: v3'), 'Sunset'), 'Wed, 01 Jan 2031 00:00:00 GMT');
  const counted = (version) => gateway.metric('penstock_deprecated_requests_total', { route: 'r', version });
  assert.deepEqual([await counted('v1'), await counted('v2'), await counted('v3')], [2, 0, 1]);
});

test("the gateway's word takes the place of the service's; links stand beside each other", { timeout: 60_000 }, async () => {
  const { one } = await select(names, retiring, { fields: ['Deprecation: @1', 'Sunset: Thu, 01 Jan 1970 00:00:00 GMT', 'Link: </next>; rel="next"', 'Vary: Origin'] });
  const response = await one();
  assert.deepEqual(valuesOf(response, 'Deprecation'), ['@1688169599']);
  assert.deepEqual(valuesOf(response, 'Sunset'), ['Mon, 11 Nov 2030 00:00:00 GMT']);
  assert.equal(valuesOf(response, 'Link').length, 2);
  assert.deepEqual(valuesOf(response, 'Vary'), ['Origin', 'Accept-Version']);
  assert.deepEqual(valuesOf(await one('Accept-Version: v2'), 'Deprecation'), ['@1']);
});

test("the gateway's own answers say it, too", { timeout: 60_000 }, async () => {
  const { gateway, origins } = await select(['one', 'two', 'three'], retiring);
  await origins[0].stop();
  const response = await ask(gateway.port, get('/'));
  assert.equal(response.status, 502);
  assert.equal(valueOf(response, 'Deprecation'), '@1688169599');
});

test('versions in the path are routes of their own', { timeout: 60_000 }, async () => {
  const { gateway } = await select(names, { path: '/api/v1/orders/*', upstreamService: 'one' }, {
    routes: [{ routeId: 'v2', path: '/api/v2/orders/*', upstreamService: 'two' }],
  });
  assert.equal((await ask(gateway.port, get('/api/v1/orders/7'))).body, 'one');
  assert.equal((await ask(gateway.port, get('/api/v2/orders'))).body, 'two');
  assert.equal((await ask(gateway.port, get('/api/v3/orders'))).status, 404);
});
