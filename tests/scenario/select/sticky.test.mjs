import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valuesOf } from '../harness/http1_parse.mjs';
import { select, weights } from './scene.mjs';

const halves = weights({ a: 50, b: 50 });

// What `times` callers got, each asked thrice; `lines(i)` are the fields of caller i.
async function kept(scene, times, lines) {
  const got = [];
  for (let i = 0; i < times; i += 1) {
    const bodies = [];
    for (let again = 0; again < 3; again += 1) bodies.push((await scene.one(...lines(i))).body);
    assert.deepEqual(bodies, Array(3).fill(bodies[0]), `caller ${i}`);
    got.push(bodies[0]);
  }
  assert.deepEqual([...new Set(got)].sort(), ['a', 'b']);
  return got;
}

test('one header value keeps one service, in every gateway', { timeout: 60_000 }, async () => {
  const route = { split: halves, stickyBy: { header: 'X-Tenant' } };
  const lines = (i) => [`X-Tenant: tenant-${i}`];
  const first = await kept(await select(['a', 'b'], route), 40, lines);
  const second = await kept(await select(['a', 'b'], route), 40, lines);
  assert.deepEqual(second, first);
});

test('more weight moves callers one way only', { timeout: 60_000 }, async () => {
  const lines = (i) => [`X-Tenant: tenant-${i}`];
  const before = await kept(await select(['a', 'b'], { split: weights({ a: 80, b: 20 }), stickyBy: { header: 'X-Tenant' } }), 60, lines);
  const after = await kept(await select(['a', 'b'], { split: weights({ a: 50, b: 50 }), stickyBy: { header: 'X-Tenant' } }), 60, lines);
  const moved = before.map((name, i) => name + after[i]).filter((pair) => pair[0] !== pair[1]);
  assert.ok(moved.length > 0);
  assert.deepEqual([...new Set(moved)], ['ab']);
});

for (const by of ['ip', 'userId']) {
  test(`one address keeps one service: ${by}`, { timeout: 60_000 }, async () => {
    const scene = await select(['a', 'b'], { split: halves, stickyBy: by }, { trustedProxies: ['127.0.0.1'] });
    await kept(scene, 40, (i) => [`X-Forwarded-For: 203.0.113.${i}`]);
  });
}

test('a client without the cookie is given one, and keeps its service with it', { timeout: 60_000 }, async () => {
  const scene = await select(['a', 'b'], { split: halves, stickyBy: { cookie: 'bucket' } });
  const jars = [];
  for (let i = 0; i < 20; i += 1) {
    const response = await scene.one();
    const [cookie, ...more] = valuesOf(response, 'Set-Cookie');
    assert.deepEqual(more, []);
    assert.match(cookie, /^bucket=[0-9a-f]{16}; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/);
    jars.push({ cookie: cookie.split(';')[0], body: response.body });
  }
  assert.equal(new Set(jars.map(({ cookie }) => cookie)).size, 20);
  for (const { cookie, body } of jars) {
    for (let again = 0; again < 3; again += 1) {
      const response = await scene.one(`Cookie: other=1; ${cookie}; last=2`);
      assert.equal(response.body, body);
      assert.deepEqual(valuesOf(response, 'Set-Cookie'), []);
    }
  }
});

test('over https, as a trusted proxy says, the cookie is Secure', { timeout: 60_000 }, async () => {
  const scene = await select(['a', 'b'], { split: halves, stickyBy: { cookie: 'bucket' } }, { trustedProxies: ['127.0.0.1'] });
  const [cookie] = valuesOf(await scene.one('X-Forwarded-Proto: https'), 'Set-Cookie');
  assert.match(cookie, /; Secure$/);
});

test("a service's own cookie of that name is left alone; others stand beside ours", { timeout: 60_000 }, async () => {
  const route = { split: halves, stickyBy: { cookie: 'bucket' } };
  const own = await select(['a', 'b'], route, { fields: ['Set-Cookie: bucket=mine'] });
  assert.deepEqual(valuesOf(await own.one(), 'Set-Cookie'), ['bucket=mine']);
  const other = await select(['a', 'b'], route, { fields: ['Set-Cookie: session=x; Path=/'] });
  const cookies = valuesOf(await other.one(), 'Set-Cookie');
  assert.equal(cookies.length, 2);
  assert.equal(cookies[0], 'session=x; Path=/');
});
