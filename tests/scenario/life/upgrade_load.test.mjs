import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { busyOrigin } from '../harness/busy_origin.mjs';
import { eventually, within } from '../harness/eventually.mjs';
import { isSanitized, toOrigin } from '../harness/gateway.mjs';
import { ask, get } from '../harness/raw_client.mjs';
import { atEnd } from '../harness/scene.mjs';
import { startUpgradable, upgrade } from '../harness/upgrade.mjs';

// Set it to 100 for a long look.
const upgrades = Number(process.env.PENSTOCK_UPGRADES ?? (isSanitized() ? 4 : 12));
const connections = 8;

// Callers that ask until they are stopped: `ask(path)` gives the answer's text. Keeps what went wrong.
class Load {
  done = 0;
  faults = [];
  #stopped = false;

  constructor(count, call) {
    this.callers = Array.from({ length: count }, async (_, caller) => {
      for (let i = 0; !this.#stopped; i += 1) {
        const path = `/${caller}/${i}`;
        try {
          const text = await call(path);
          if (text !== path) this.faults.push(`${path}: ${text}`);
        } catch (error) {
          this.faults.push(`${path}: ${error}`);
        }
        this.done += 1;
      }
    });
    atEnd(() => this.stop()); // Also where the test has failed: nobody else would end the callers.
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.callers);
    return this.faults;
  }
}

async function tunnel(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`);
  await within(once(socket, 'open'), 'a tunnel');
  atEnd(() => socket.terminate());
  return socket;
}

async function echoes(socket, text) {
  socket.send(text);
  assert.equal((await within(once(socket, 'message'), 'the echo'))[0].toString(), text);
}

test(`${upgrades} upgrades under load lose no request and cut no tunnel`, { timeout: 600_000 }, async (t) => {
  const { port: origin } = await busyOrigin();
  const gateway = await startUpgradable({ ...toOrigin(origin), observability: { accessLog: { path: 'off' } } });
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections });
  atEnd(() => pool.destroy());
  const kept = new Load(connections, async (path) => {
    const { statusCode, body } = await pool.request({ path, method: 'GET' });
    const text = await body.text();
    return statusCode === 200 ? text : `${statusCode} ${text}`;
  });
  const fresh = new Load(2, async (path) => (await ask(gateway.port, get(path))).body);
  const first = await tunnel(gateway.port);
  const tunnels = [];
  for (let i = 1; i <= upgrades; i += 1) {
    tunnels.push(await tunnel(gateway.port)); // Through the process that is about to be replaced.
    const before = { kept: kept.done, fresh: fresh.done };
    await upgrade(gateway);
    for (const each of [first, ...tunnels]) await echoes(each, `after upgrade ${i}`);
    if (tunnels.length > 2) tunnels.shift().close();
    await eventually(() => kept.done > before.kept + connections && fresh.done > before.fresh + 2, 'requests go on');
  }
  assert.deepEqual(await kept.stop(), []);
  assert.deepEqual(await fresh.stop(), []);
  t.diagnostic(`${kept.done} requests on kept connections, ${fresh.done} on fresh ones`);
  assert.equal(new Set(gateway.pids).size, upgrades + 1);
});
