import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from '../harness/child.mjs';
import { eventually } from '../harness/eventually.mjs';
import { isSanitized } from '../harness/gateway.mjs';
import { freePort } from '../harness/ports.mjs';
import { RawClient, get } from '../harness/raw_client.mjs';
import { atEnd, rawOrigin, startGateway } from '../harness/scene.mjs';

const program = path.join(path.dirname(fileURLToPath(import.meta.url)), '../harness/hostile.mjs');
const requests = isSanitized() ? 100 : 1000;
// What they cost the gateway is looked at, not what they cost the processors; where nothing is measured they only have to run.
const niceness = isSanitized() ? '10' : '19';
const spareDescriptors = 8; // Connections that wait in the pool.
const spareMemory = 32 * 2 ** 20; // Buffers that are kept.
const table = [];

// What somebody well-behaved finds: one request after the other, in milliseconds, sorted.
async function calls(port) {
  const times = [];
  for (let i = 0; i < requests; i += 250) {
    const count = Math.min(250, requests - i);
    const client = new RawClient(port, { methods: Array(count).fill('GET') });
    for (let k = 0; k < count; k += 1) {
      client.text = ''; // The last answer, so that the next is the first again.
      const began = performance.now();
      const { status } = await client.send(get('/')).response();
      times.push(performance.now() - began);
      assert.equal(status, 200);
    }
    client.destroy();
  }
  return times.sort((a, b) => a - b);
}

const quantile = (times, q) => times[Math.floor((times.length - 1) * q)];

const uses = async (gateway) => ({ descriptors: await gateway.metric('process_open_fds'), memory: await gateway.memory() });

after(() => {
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(0);
  const line = (cells) => console.log(cells.map((cell, i) => (i ? String(cell).padStart(15) : cell.padEnd(36))).join(''));
  line(['fault', 'p99 quiet, ms', 'p99 beside, ms', 'ratio', 'descriptors', 'memory, MiB']);
  for (const { fault, quiet, beside, before, during, later } of table) {
    const [a, b] = [quantile(quiet, 0.99), quantile(beside, 0.99)];
    line([fault, a.toFixed(2), b.toFixed(2), (b / a).toFixed(1), `${before.descriptors}>${during.descriptors}>${later.descriptors}`, `${mib(before.memory)}>${mib(during.memory)}>${mib(later.memory)}`]);
  }
});

for (const fault of [
  'header dribble',
  'body dribble',
  'slow readers',
  'idle connections',
  'connect and reset',
  '10,000 pipelined requests',
  'origin that stalls',
  'origin that dies and returns',
  'origin that answers before the body',
]) {
  test(`beside ${fault} others are served, and all of it is given back`, { timeout: 240_000 }, async () => {
    const good = await rawOrigin();
    const bad = await freePort();
    const service = (serviceName, port) => ({ serviceName, instances: [{ host: '127.0.0.1', port }] });
    const route = (routeId, place, upstreamService) => ({ routeId, path: place, upstreamService, authRequired: false });
    const gateway = await startGateway({
      services: [service('good', good.port), service('bad', bad)],
      routes: [route('all', '/*', 'good'), route('bad', '/bad', 'bad')],
      observability: { accessLog: { path: 'off' } },
    });
    await calls(gateway.port); // What is made once is not the fault's.
    const quiet = await calls(gateway.port);
    const before = await uses(gateway);
    const hostile = new Child('nice', ['-n', niceness, process.execPath, program, fault, gateway.port, bad]);
    atEnd(() => hostile.stop('SIGKILL'));
    await eventually(() => hostile.out.includes('ready'), `${fault}\n${hostile.err}`, 60_000);
    const beside = await calls(gateway.port);
    const during = await uses(gateway);
    await hostile.stop('SIGKILL').catch(() => {});
    const later = await eventually(async () => {
      const now = await uses(gateway);
      return now.descriptors <= before.descriptors + spareDescriptors && now;
    }, `${before.descriptors} descriptors after ${during.descriptors}`, 60_000);
    table.push({ fault, quiet, beside, before, during, later });
    if (!isSanitized()) assert.ok(later.memory < before.memory + spareMemory, `${later.memory} bytes after ${before.memory}`);
  });
}
