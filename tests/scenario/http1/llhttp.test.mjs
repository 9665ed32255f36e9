import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { isSanitized } from '../harness/gateway.mjs';
import { atEnd, scene } from '../harness/scene.mjs';
import { answer } from '../harness/raw_origin.mjs';

// The same bytes to the gateway and to Node's parser, llhttp: what the gateway lets pass, that one
// must read alike. PENSTOCK_SEED and PENSTOCK_CASES choose others, and more of them.
const seed = Number(process.env.PENSTOCK_SEED ?? 1);
const cases = Number(process.env.PENSTOCK_CASES ?? (isSanitized() ? 300 : 2000));

// mulberry32
function randomFrom(state) {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const templates = [
  'GET /a HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  'PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n',
  'GET /d HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n',
  'DELETE /e HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\nAccept:\r\n\r\n',
  'POST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'PATCH /g HTTP/1.1\r\nHost: h\r\ncontent-length:3\r\nX-B: a\tb\r\n\r\nxyz',
];
const splices = ['\r\n', '\n', '\r', ' ', '\t', '\0', ':', ',', ';', '0', '5', 'ffff', '+', '-1', 'chunked', 'gzip, ', 'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Content-Length: 5, 5\r\n', ' folded\r\n', 'X:y\r\n', '\x80', 'HTTP/1.1', 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n', '\u000b'];

function mutated(random) {
  let text = '';
  for (let i = 0; i <= random(3); i += 1) text += templates[random(templates.length)];
  for (let i = random(4); i > 0; i -= 1) {
    const at = random(text.length + 1);
    const splice = splices[random(splices.length)];
    const kinds = [
      () => text.slice(0, at) + splice + text.slice(at),
      () => text.slice(0, at) + text.slice(at + 1 + random(3)),
      () => text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1),
      // Between lines, where what a field says matters most.
      () => { const line = text.indexOf('\r\n', at); return line < 0 ? text : text.slice(0, line + 2) + splice + text.slice(line + 2); },
    ];
    text = kinds[random(kinds.length)]();
  }
  return text;
}

// What it refuses where the gateway does as the RFC says: fields of framing among trailers are taken out,
// a tab may stand behind a value,
// and a later minor version is served as 1.1.
const refusedByLlhttp = [/\r\n0\r\n[^]*(content-length|transfer-encoding)/i, /(connection|content-length|transfer-encoding):[^\r\n]*\t\r\n/i, /HTTP\/1\.[2-9]/];

// Says it, and waits for the other side to end.
function say(port, bytes) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('connect', () => socket.end(Buffer.from(bytes, 'latin1')));
    socket.on('error', resolve);
    socket.on('close', resolve);
    socket.resume();
  });
}

async function llhttp() {
  const read = [];
  const server = http.createServer({ keepAliveTimeout: 1 }, (request, response) => {
    const entry = { method: request.method, target: request.url, body: '', whole: false };
    read.push(entry);
    request.on('data', (bytes) => { entry.body += bytes.toString('latin1'); });
    request.on('end', () => { entry.whole = true; response.end(); });
    request.on('error', () => {});
  });
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('clientError', (error, socket) => socket.destroy());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => { server.closeAllConnections(); server.close(); });
  return { port: server.address().port, take: () => read.splice(0) };
}

test('what the gateway lets pass llhttp reads alike', { timeout: 280_000 }, async () => {
  const { origin, port } = await scene({ respond: (request, connection) => connection.send(answer('200 OK', '')) });
  const other = await llhttp();
  const random = randomFrom(seed);
  let passed = 0;
  for (let i = 0; i < cases; i += 1) {
    const text = mutated(random);
    await Promise.all([say(port, text), say(other.port, text)]);
    const ours = origin.requests.splice(0);
    const theirs = other.take();
    passed += ours.length;
    const told = `case ${i} of seed ${seed}: ${JSON.stringify(text)}\nwe ${JSON.stringify(ours.map(({ start, body }) => [start, body]))}\nllhttp ${JSON.stringify(theirs)}`;
    for (const [n, { start, body }] of ours.entries()) {
      const [method, target] = start.split(' ');
      // It knows a fixed list of methods.
      if (!theirs[n] && !http.METHODS.includes(method)) break;
      if (!theirs[n]?.whole && refusedByLlhttp.some((known) => known.test(text))) break;
      assert.ok(theirs[n]?.whole, told);
      assert.equal(method, theirs[n].method, told);
      if (/^\/\w*$/.test(theirs[n].target)) assert.equal(target, theirs[n].target, told);
      assert.equal(body, theirs[n].body, told);
    }
  }
  assert.ok(passed > cases / 2, `only ${passed} requests passed`);
});
