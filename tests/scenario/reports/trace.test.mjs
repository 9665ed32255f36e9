import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const traceparent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const theirs = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('a trace is continued with a span of our own, and logged', { timeout: 60_000 }, async () => {
  const { origin, port, gateway } = await scene();
  await ask(port, get('/', `traceparent: ${theirs}`, 'tracestate: a=b'));
  const [, trace, span] = traceparent.exec(valueOf(origin.requests[0], 'traceparent'));
  assert.equal(trace, '4bf92f3577b34da6a3ce929d0e0e4736');
  assert.notEqual(span, '00f067aa0ba902b7');
  assert.match(valueOf(origin.requests[0], 'tracestate') ?? '', /a=b/);
  const line = await gateway.logged((l) => l.path === '/');
  assert.equal(line.trace_id, trace);
  assert.match(line.span_id, /^[0-9a-f]{16}$/);
});

for (const [name, fields] of [
  ['none', []],
  ['a malformed one', ['traceparent: 00-xyz']],
  ['an all-zero one', ['traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01']],
  ['upper case', [`traceparent: ${theirs.toUpperCase()}`]],
  ['two', [`traceparent: ${theirs}`, `traceparent: ${theirs}`]],
]) {
  test(`with ${name} a trace is begun`, { timeout: 60_000 }, async () => {
    const { origin, port, gateway } = await scene();
    await ask(port, get('/', ...fields));
    const [, trace] = traceparent.exec(valueOf(origin.requests[0], 'traceparent'));
    assert.notEqual(trace, '0'.repeat(32));
    assert.notEqual(trace, '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.equal((await gateway.logged((l) => l.path === '/')).trace_id, trace);
  });
}
