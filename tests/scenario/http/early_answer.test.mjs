// An answer that comes before the request's body has ended: the client always gets to read it, and
// is told that the connection ends.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { freePorts } from '../harness/ports.mjs';
import { valueOf } from '../harness/http1_parse.mjs';
import { RawClient, request } from '../harness/raw_client.mjs';
import { answer } from '../harness/raw_origin.mjs';
import { rawOrigin, startGateway } from '../harness/scene.mjs';

const mebibyte = 1 << 20;
const upload = Buffer.alloc(10 * mebibyte, 'upload ');
const times = 50;

const instanceAt = (port) => [{ host: '127.0.0.1', port }];
// Says no at the head and reads on no further than that.
const declines = { onHead: (_, connection) => { connection.raw = true; connection.send(answer('403 Forbidden', 'no')); } };
const declinesAndCloses = { onHead: (_, connection) => { connection.raw = true; connection.send(answer('403 Forbidden', 'no', ['Connection: close'])).close(); } };

let gateway;
before(async () => {
  const [nobody] = await freePorts(1);
  const services = {
    declines: (await rawOrigin(declines)).port,
    closes: (await rawOrigin(declinesAndCloses)).port,
    unreachable: nobody,
  };
  const route = (name, more) => ({ routeId: name, path: `/${name}`, upstreamService: 'declines', authRequired: false, ...more });
  gateway = await startGateway({
    services: Object.entries(services).map(([serviceName, port]) => ({ serviceName, instances: instanceAt(port) })),
    routes: [
      ...Object.keys(services).map((name) => route(name, { upstreamService: name })),
      route('protected', { authRequired: true }),
    ],
  }, { limits: { bodyBytes: '10MiB' } });
});

const head = (path, length) => request('POST', path, [`Content-Length: ${length}`]);

// Sends the head and 10 MiB, and reads the answer while it does.
async function uploadTo(bytes) {
  const client = new RawClient(gateway.port, { methods: ['POST'] });
  try {
    return await client.send(bytes).send(upload).response();
  } finally {
    client.destroy();
  }
}

async function isAnswered(status, bytes) {
  for (let i = 0; i < times; i += 1) {
    const response = await uploadTo(bytes);
    assert.equal(response.status, status);
    assert.equal(valueOf(response, 'connection'), 'close');
    assert.deepEqual(response.flaws, []);
  }
}

const limit = { timeout: 120_000 };
test('an upload to no route', limit, () => isAnswered(404, head('/unknown', upload.length)));
test('an upload to a protected route', limit, () => isAnswered(401, head('/protected', upload.length)));
test('an upload that is announced too large', limit, () => isAnswered(413, head('/declines', upload.length + 1)));
test('an upload to a service that is not there', limit, () => isAnswered(502, head('/unreachable', upload.length)));
test('an upload that the origin declines', limit, () => isAnswered(403, head('/declines', upload.length)));
test('an upload that the origin declines before it closes', limit, () => isAnswered(403, head('/closes', upload.length)));
test('an upload in one large chunk', limit, () => isAnswered(404, `${request('POST', '/unknown', ['Transfer-Encoding: chunked'])}a00000\r\n`));

test('a client that reads only after it has sent all of it', limit, async () => {
  const client = new RawClient(gateway.port, { methods: ['POST'] });
  client.socket.pause();
  client.send(head('/unknown', 4 * mebibyte));
  await new Promise((resolve) => client.socket.write(upload.subarray(0, 4 * mebibyte), resolve));
  client.socket.resume();
  assert.equal((await client.response()).status, 404);
  client.halfClose();
  await client.closed();
  assert.equal(client.reset, false);
});

test('a little that is left of a body costs no connection', limit, async () => {
  const client = new RawClient(gateway.port, { methods: ['POST', 'POST'] });
  const small = upload.subarray(0, 50_000);
  for (const n of [0, 1]) {
    client.send(head('/unknown', small.length)).send(small);
    const response = await client.response(n);
    assert.equal(response.status, 404);
    assert.equal(valueOf(response, 'connection'), undefined);
  }
  client.destroy();
});
