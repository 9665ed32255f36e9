import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { RawClient, ask, get, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const limits = { requestLine: '1KiB', headerBytes: '2KiB', headers: 10, bodyBytes: '1KiB' };
let it;
before(async () => { it = await scene({}, { limits }); });

async function refused(bytes, status, code, limit) {
  const before_ = await it.gateway.metric('penstock_limit_hits_total', { limit });
  const client = new RawClient(it.port, { methods: [bytes.split(' ', 1)[0]] }).send(bytes);
  const response = await client.response();
  assert.equal(response.status, status);
  assert.equal(JSON.parse(response.body).code, code);
  await client.closed();
  assert.equal(await it.gateway.metric('penstock_limit_hits_total', { limit }), before_ + 1, `${limit} is counted`);
}

test('what is just within the limits is served', { timeout: 60_000 }, async () => {
  assert.equal((await ask(it.port, get(`/${'a'.repeat(1000)}`))).status, 200);
  assert.equal((await ask(it.port, get('/', `X-A: ${'v'.repeat(1900)}`))).status, 200);
  assert.equal((await ask(it.port, get('/', ...Array(9).fill('X-A: b')))).status, 200);
  assert.equal((await ask(it.port, request('POST', '/', [], 'x'.repeat(1024)))).status, 200);
});

test('a request line too long is 414', { timeout: 60_000 }, () => refused(get(`/${'a'.repeat(1100)}`), 414, 'request_line_too_long', 'requestLine'));
test('a header too large is 431', { timeout: 60_000 }, () => refused(get('/', `X-A: ${'v'.repeat(2100)}`), 431, 'header_too_large', 'headerBytes'));
test('too many fields are 431', { timeout: 60_000 }, () => refused(get('/', ...Array(10).fill('X-A: b')), 431, 'too_many_headers', 'headers'));
test('a body announced too large is 413', { timeout: 60_000 }, () => refused(request('POST', '/', ['Content-Length: 1025']), 413, 'body_too_large', 'bodyBytes'));
test('a chunked body that grows too large is 413', { timeout: 60_000 }, () => refused(
  `${request('POST', '/', ['Transfer-Encoding: chunked'])}400\r\n${'x'.repeat(1024)}\r\n1\r\nx\r\n`, 413, 'body_too_large', 'bodyBytes'));

test('an announced body too large does not reach the origin at all', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({}, { limits });
  assert.equal((await ask(port, request('POST', '/', ['Content-Length: 1025', 'Expect: 100-continue']))).status, 413);
  assert.equal(origin.accepted, 0);
});
