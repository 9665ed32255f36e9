// What a client sees when the origin fails, by where it fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../harness/ports.mjs';
import { RawClient, ask, get, request } from '../harness/raw_client.mjs';
import { toOrigin } from '../harness/gateway.mjs';
import { scene, startGateway } from '../harness/scene.mjs';

const once = { retry: { attempts: 1 } };
const codeOf = (response) => JSON.parse(response.body).code;

async function fails(act, status, code, service = once) {
  const { port, gateway } = await scene({ respond: (_, connection) => act(connection) }, { service });
  const response = await ask(port, get('/fault'));
  assert.equal(response.status, status);
  assert.equal(codeOf(response), code);
  const line = await gateway.logged((l) => l.path === '/fault');
  assert.equal(line.reason, code);
  assert.equal(line.status_code, status);
}

// The head is out already: the client must see that the rest is missing.
async function isCut(head, act, service = once) {
  const { port } = await scene({ respond: (_, connection) => { connection.send(head); act(connection); } }, { service });
  const client = new RawClient(port);
  client.send(get('/'));
  await client.closed();
  const [response] = client.responses.finals;
  assert.ok(!response || response.status === 502 || !response.complete, client.text);
}

test('refuses the connection', { timeout: 60_000 }, async () => {
  const gateway = await startGateway(toOrigin(await freePort(), once));
  const response = await ask(gateway.port, get('/'));
  assert.equal(response.status, 502);
  assert.equal(codeOf(response), 'upstream_connect_refused');
});

test('resets before an answer', { timeout: 60_000 }, () => fails((c) => c.reset(), 502, 'upstream_closed'));
test('closes before an answer', { timeout: 60_000 }, () => fails((c) => c.close(), 502, 'upstream_closed'));
test('closes within the head', { timeout: 60_000 }, () => fails((c) => c.send('HTTP/1.1 200 OK\r\nContent-Le').close(), 502, 'upstream_closed'));
test('answers garbage', { timeout: 60_000 }, () => fails((c) => c.send('\x00\x01garbage\r\n\r\n'), 502, 'upstream_malformed'));
test('answers with bad framing', { timeout: 60_000 }, () => fails((c) => c.send('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'), 502, 'upstream_malformed'));
test('answers with too large a head', { timeout: 60_000 }, () => fails((c) => c.send(`HTTP/1.1 200 OK\r\nX-A: ${'v'.repeat(300_000)}\r\n\r\n`), 502, 'upstream_header_too_large'));
test('stalls before its answer', { timeout: 60_000 }, () => fails(() => {}, 504, 'upstream_first_byte_timeout', { ...once, timeouts: { firstByte: '200ms' } }));

const length = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
for (const [name, head] of [['with a length', length], ['chunked', chunked]]) {
  test(`closes within a body ${name}`, { timeout: 60_000 }, () => isCut(head, (c) => c.close()));
  test(`resets within a body ${name}`, { timeout: 60_000 }, () => isCut(head, (c) => setImmediate(() => c.reset())));
  test(`stalls within a body ${name}`, { timeout: 60_000 }, () => isCut(head, () => {}, { ...once, timeouts: { idle: '200ms' } }));
}

test('answers while the client still uploads', { timeout: 60_000 }, async () => {
  const { port } = await scene({ onHead: (_, c) => c.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig'), respond: () => {} });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(request('POST', '/', ['Content-Length: 10000000']));
  const upload = setInterval(() => client.send('x'.repeat(10_000)), 5);
  const response = await client.response();
  clearInterval(upload);
  assert.equal(response.status, 413);
  assert.equal(response.body, 'big');
  client.destroy();
});

test('answers early and closes: the answer still arrives', { timeout: 60_000 }, async () => {
  const { port } = await scene({ onHead: (_, c) => c.send('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno').close(), respond: () => {} });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(request('POST', '/', ['Content-Length: 3000000']) + 'x'.repeat(3_000_000));
  const response = await client.response();
  assert.equal(response.status, 401);
  client.destroy();
});

test('sends more than its answer: nobody else gets it', { timeout: 60_000 }, async () => {
  const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
  const { port } = await scene({ respond: (asked, c) => c.send(`HTTP/1.1 200 OK\r\nContent-Length: ${asked.target.length}\r\n\r\n${asked.target}${poison}`) }, { config: { runtime: { workers: 1 } } });
  for (let i = 0; i < 30; i += 1) assert.equal((await ask(port, get(`/${i}`))).body, `/${i}`);
});
