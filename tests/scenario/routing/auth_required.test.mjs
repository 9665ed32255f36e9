import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, ask, get, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

for (const [name, route] of [['says nothing', { authRequired: undefined }], ['says authRequired: true', { authRequired: true }]]) {
  test(`a route that ${name} answers 401 to all`, { timeout: 60_000 }, async () => {
    const { origin, port, gateway } = await scene({}, { route });
    const response = await ask(port, get('/', 'Authorization: Bearer anything'));
    assert.equal(response.status, 401);
    assert.equal(JSON.parse(response.body).code, 'no_auth_policy');
    assert.notEqual(valueOf(response, 'www-authenticate'), undefined, 'RFC 9110 §15.5.2');
    assert.equal(origin.accepted, 0);
    assert.match(gateway.child.err, /no_auth_policy|authRequired/, 'said at the start, too');
  });
}

test('the 401 comes before any body is read', { timeout: 60_000 }, async () => {
  const { port } = await scene({}, { route: { authRequired: true } });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(request('POST', '/', ['Content-Length: 1000000', 'Expect: 100-continue']));
  assert.equal((await client.response()).status, 401);
  assert.equal(client.responses.interims.length, 0);
  client.destroy();
});
