import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { busyOrigin } from '../harness/busy_origin.mjs';
import { eventually, within } from '../harness/eventually.mjs';
import { isSanitized } from '../harness/gateway.mjs';
import { RawClient, get } from '../harness/raw_client.mjs';
import { reload, status } from '../harness/reload.mjs';
import { atEnd, startGateway } from '../harness/scene.mjs';

const routes = isSanitized() ? 2_000 : 10_000;
const reloads = 20;
const connections = 8;

// Routes that every version has, and one that says which version it is.
function table(origin, version) {
  const list = Array.from({ length: routes }, (_, i) => ({ routeId: `r${i}`, path: `/r/${i}/{id}`, upstreamService: 'origin', authRequired: false }));
  list.push({ routeId: 'events', path: '/events', upstreamService: 'origin', authRequired: false });
  list.push({ routeId: 'echo', path: '/echo', upstreamService: 'origin', authRequired: false });
  list.push({ routeId: `version-${version}`, path: `/version/${version}`, upstreamService: 'origin', authRequired: false });
  return { services: [{ serviceName: 'origin', instances: [{ host: '127.0.0.1', port: origin.port }] }], routes: list };
}

test(`${reloads} reloads of ${routes} routes under load lose nothing`, { timeout: 300_000 }, async () => {
  const origin = await busyOrigin();
  const gateway = await startGateway({ ...table(origin, 0), observability: { accessLog: { path: 'off' } } });

  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/echo`);
  await within(once(socket, 'open'), 'the tunnel');
  const events = new RawClient(gateway.port).send(get('/events'));
  assert.ok(await events.until(() => events.text.includes('\r\n\r\n')));

  let stop = false;
  let done = 0;
  const faults = [];
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections });
  atEnd(() => {
    stop = true; // Also where the test has failed: nobody would end the callers.
    return pool.destroy();
  });
  const callers = Array.from({ length: connections }, async (_, caller) => {
    for (let i = caller; !stop; i += 7) {
      const path = `/r/${i % routes}/${i}`;
      try {
        const { statusCode, body } = await pool.request({ path, method: 'GET' });
        const text = await body.text();
        if (statusCode !== 200 || text !== path) faults.push(`${path}: ${statusCode} ${text}`);
      } catch (error) {
        faults.push(`${path}: ${error}`);
      }
      done += 1;
    }
  });

  for (let version = 1; version <= reloads; version += 1) {
    const before = done;
    assert.equal(await reload(gateway, { ...gateway.config, ...table(origin, version) }), 'success');
    const { statusCode, body } = await pool.request({ path: `/version/${version}`, method: 'GET' });
    await body.text();
    assert.equal(statusCode, 200, `version ${version} is served once its reload is told`);
    socket.send(`message ${version}`);
    assert.equal((await within(once(socket, 'message'), 'the echo'))[0].toString(), `message ${version}`);
    origin.tell(`event ${version}`);
    assert.ok(await events.until(() => events.text.includes(`data: event ${version}\n\n`)), 'the stream goes on');
    await eventually(() => done > before + connections, 'requests go on');
  }
  stop = true;
  await Promise.all(callers);
  assert.deepEqual(faults, []);
  const { config } = await status(gateway);
  assert.equal(config.version, reloads + 1);
  socket.terminate();
  events.destroy();
});
