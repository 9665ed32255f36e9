import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/eventually.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, request } from '../harness/raw_client.mjs';
import { scene } from '../harness/scene.mjs';

const trailerOf = (message, name) => message.trailers.find(([n]) => n.toLowerCase() === name)?.[1];

test('chunks and trailers pass both ways', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene({
    respond: (_, connection) => connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n'),
  });
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(request('POST', '/', ['Transfer-Encoding: chunked', 'TE: trailers', 'Connection: TE', 'Trailer: X-In'], '') + '5\r\nhello\r\n6\r\n world\r\n0\r\nX-In: 11\r\n\r\n');
  const response = await client.response();
  assert.equal(response.body, 'abcde');
  assert.equal(trailerOf(response, 'x-sum'), '5');
  assert.equal(origin.requests[0].body, 'hello world');
  assert.equal(trailerOf(origin.requests[0], 'x-in'), '11');
  assert.equal(valueOf(origin.requests[0], 'content-length'), undefined);
  client.destroy();
});

test('each chunk of a request goes on as it comes', { timeout: 60_000 }, async () => {
  const { origin, port } = await scene();
  const client = new RawClient(port, { methods: ['POST'] });
  client.send(request('POST', '/', ['Transfer-Encoding: chunked'], ''));
  for (const word of ['first', 'again']) {
    client.send(`5\r\n${word}\r\n`);
    await eventually(() => [...origin.connections].some((c) => c.received.includes(word)), `${word} at the origin`);
  }
  client.send('0\r\n\r\n');
  assert.equal((await client.response()).status, 200);
  client.destroy();
});
