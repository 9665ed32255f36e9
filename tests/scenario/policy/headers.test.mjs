import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf, valuesOf } from '../harness/http1_parse.mjs';
import { ask, get, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { scene } from '../harness/scene.mjs';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('fields are removed, set and added on the way to the service and back', { timeout: 60_000 }, async () => {
  const fields = ['Server: secret/1.2', 'X-Inside: 1', 'X-Inside: 2', 'Cache-Control: no-store'];
  const { origin, port } = await scene({ respond: (_, c) => c.send(answer('200 OK', 'ok', fields)) }, {
    route: {
      headersPolicy: {
        request: { remove: ['X-Debug'], set: [{ name: 'X-Env', value: 'production' }], add: [{ name: 'X-Tag', value: 'edge' }] },
        response: { remove: ['Server', 'x-inside'], set: [{ name: 'Cache-Control', value: 'private' }], add: [{ name: 'X-Frame-Options', value: 'DENY' }] },
      },
    },
  });
  const response = await ask(port, get('/', 'x-debug: 1', 'X-Env: test', 'X-Tag: mine'));
  const [seen] = origin.requests;
  assert.equal(valueOf(seen, 'x-debug'), undefined);
  assert.deepEqual(valuesOf(seen, 'x-env'), ['production']);
  assert.deepEqual(valuesOf(seen, 'x-tag'), ['mine', 'edge']);
  assert.equal(valueOf(response, 'server'), undefined);
  assert.equal(valueOf(response, 'x-inside'), undefined);
  assert.deepEqual(valuesOf(response, 'cache-control'), ['private']);
  assert.equal(valueOf(response, 'x-frame-options'), 'DENY');
  assert.equal(response.body, 'ok');
});

test('several policies of a route go in its order', { timeout: 60_000 }, async () => {
  const tag = (value) => ({ request: { add: [{ name: 'X-Tag', value }] }, response: { add: [{ name: 'X-Tag', value }] } });
  const { origin, port } = await scene({}, {
    config: { headersPolicies: [{ policyId: 'one', ...tag('1') }, { policyId: 'two', ...tag('2') }] },
    route: { headersPolicies: ['two', 'one', tag('3')] },
  });
  const response = await ask(port, get('/'));
  assert.equal(valueOf(origin.requests[0], 'x-tag'), '2, 1, 3');
  assert.equal(valueOf(response, 'x-tag'), '3, 1, 2', 'back in the other direction');
});

test('a default holds until a route says otherwise, or off', { timeout: 60_000 }, async () => {
  const tag = (value) => ({ response: { set: [{ name: 'X-Tag', value }] } });
  for (const [route, expected] of [[{}, 'default'], [{ headersPolicy: tag('own') }, 'own'], [{ headersPolicy: 'off' }, undefined]]) {
    const { port } = await scene({}, { route, config: { defaults: { headersPolicy: tag('default') } } });
    assert.equal(valueOf(await ask(port, get('/')), 'x-tag'), expected);
  }
});

test('every request has a correlation id, and a stranger\'s is not believed', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, { route: { headersPolicy: { correlationId: {} } } });
  for (const fields of [[], ['X-Correlation-Id: forged'], ['x_correlation_id: forged']]) {
    const response = await ask(port, get('/', ...fields));
    const seen = origin.requests.at(-1);
    assert.match(valueOf(response, 'x-correlation-id'), uuid);
    assert.deepEqual(valuesOf(seen, 'x-correlation-id'), [valueOf(response, 'x-correlation-id')]);
    assert.equal(valueOf(response, 'x-correlation-id'), valueOf(response, 'x-request-id'));
  }
});

test('a trusted proxy\'s correlation id is kept, if it can be one', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, {
    trustedProxies: ['127.0.0.0/8'],
    route: { headersPolicy: { correlationId: { header: 'X-Order' } } },
  });
  const kept = await ask(port, get('/', 'X-Order: order-7'));
  assert.equal(valueOf(kept, 'x-order'), 'order-7');
  assert.equal(valueOf(origin.requests[0], 'x-order'), 'order-7');
  for (const fields of [['X-Order: a', 'X-Order: b'], [`X-Order: ${'x'.repeat(129)}`], ['X-Order: a b']]) {
    const response = await ask(port, get('/', ...fields));
    assert.match(valueOf(response, 'x-order'), uuid);
    assert.deepEqual(valuesOf(origin.requests.at(-1), 'x-order'), [valueOf(response, 'x-order')]);
  }
});

test('the gateway\'s own answers have the fields, too', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, {
    service: { instances: [{ host: '127.0.0.1', port: 1 }] },
    route: { headersPolicy: { response: { add: [{ name: 'X-Frame-Options', value: 'DENY' }] }, correlationId: {} } },
  });
  const response = await ask(port, request('GET', '/'));
  assert.equal(response.status, 502);
  assert.equal(valueOf(response, 'x-frame-options'), 'DENY');
  assert.match(valueOf(response, 'x-correlation-id'), uuid);
});
