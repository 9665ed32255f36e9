import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, get, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const replies = {
  '/204': 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n',
  '/304': 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 77\r\n\r\n',
  '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n',
  '/hints': 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
};
const script = { respond: (asked, connection) => connection.send(replies[asked.target] ?? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext') };

test('answers without content, and the one after them on the same connection', { timeout: 60_000 }, async () => {
  const { port } = await scene(script);
  const client = new RawClient(port, { methods: ['GET', 'GET', 'HEAD', 'GET'] });
  client.send(get('/204'));
  assert.equal((await client.response(0)).status, 204);
  client.send(get('/304'));
  const unchanged = await client.response(1);
  assert.equal(unchanged.status, 304);
  assert.equal(valueOf(unchanged, 'etag'), '"x"');
  client.send(request('HEAD', '/head'));
  assert.equal(valueOf(await client.response(2), 'content-length'), '1234');
  client.send(get('/next'));
  assert.equal((await client.response(3)).body, 'next');
  client.destroy();
});

test('several interim answers arrive before the final one', { timeout: 60_000 }, async () => {
  const { port } = await scene(script);
  const client = new RawClient(port);
  client.send(get('/hints'));
  assert.equal((await client.response()).body, 'ok');
  assert.deepEqual(client.responses.interims.map((r) => r.status), [103, 102]);
  assert.equal(valueOf(client.responses.interims[0], 'link'), '</a>; rel=preload');
  client.destroy();
});
