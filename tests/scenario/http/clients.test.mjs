// Real clients: curl and undici, up and down, small and large.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Pool } from 'undici';
import { Child } from '../harness/child.mjs';
import { toOrigin } from '../harness/gateway.mjs';
import { atEnd, startGateway } from '../harness/scene.mjs';

// Answers with the size and hash of what it was sent; `/large` with 8 MiB.
async function nodeOrigin() {
  const large = Buffer.alloc(8 << 20, 'penstock');
  const server = createServer((asked, reply) => {
    if (asked.url === '/large') return reply.end(large);
    const hash = createHash('sha256');
    let size = 0;
    asked.on('data', (bytes) => { size += bytes.length; hash.update(bytes); });
    asked.on('end', () => reply.end(JSON.stringify({ method: asked.method, url: asked.url, size, hash: hash.digest('hex') })));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => { server.closeAllConnections(); server.close(); });
  return server.address().port;
}

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function curl(...args) {
  const child = new Child('curl', ['-sS', '--http1.1', '--max-time', '30', ...args]);
  const { code } = await child.exited;
  assert.equal(code, 0, child.err);
  return child.out;
}

test('curl gets, posts and uploads', { timeout: 90_000 }, async () => {
  const gateway = await startGateway(toOrigin(await nodeOrigin()));
  const base = `http://127.0.0.1:${gateway.port}`;
  assert.equal(JSON.parse(await curl(`${base}/a?b=c`)).url, '/a?b=c');
  assert.equal(JSON.parse(await curl('-d', 'hello', base)).size, 5);
  assert.match(await curl('-I', `${base}/large`), /^HTTP\/1\.1 200 /);
  const dir = await mkdtemp(path.join(tmpdir(), 'scenario-upload-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  const bytes = Buffer.alloc(3 << 20, 'upload');
  await writeFile(path.join(dir, 'f'), bytes);
  for (const args of [['-T'], ['-H', 'Transfer-Encoding: chunked', '-T']]) {
    const seen = JSON.parse(await curl(...args, path.join(dir, 'f'), `${base}/upload`));
    assert.equal(seen.hash, sha(bytes));
    assert.equal(seen.method, 'PUT');
  }
  assert.equal((await curl(`${base}/large`)).length, 8 << 20);
});

test('undici keeps 20 connections busy with requests of all sizes', { timeout: 90_000 }, async () => {
  const gateway = await startGateway(toOrigin(await nodeOrigin()));
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: 20 });
  atEnd(() => pool.destroy());
  await Promise.all(Array.from({ length: 300 }, async (_, i) => {
    const body = Buffer.alloc((i * 997) % 100_000, `${i}`);
    const { statusCode, body: answer } = await pool.request({ method: 'POST', path: `/${i}`, body });
    assert.equal(statusCode, 200);
    const seen = await answer.json();
    assert.deepEqual(seen, { method: 'POST', url: `/${i}`, size: body.length, hash: sha(body) });
  }));
});
