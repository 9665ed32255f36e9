import { readFile, writeFile } from 'node:fs/promises';
import { eventually } from './eventually.mjs';
import { ask, get } from './raw_client.mjs';

// Writes the gateway's file anew (`config` as an object, or a text as it is; nothing: as it stands).
export async function rewrite(gateway, config) {
  if (config === undefined) return;
  await writeFile(gateway.file, typeof config === 'string' ? config : JSON.stringify(config));
}

// Has the gateway reload, and tells what came of it: `success` or `failure`.
export async function reload(gateway, config) {
  await rewrite(gateway, config);
  const before = (await status(gateway)).config;
  gateway.child.signal('SIGHUP');
  return eventually(async () => {
    const now = (await status(gateway)).config;
    if (now.version > before.version) return 'success';
    return JSON.stringify(now.last_apply) !== JSON.stringify(before.last_apply) && 'failure';
  }, `a reload of ${gateway.file}\n${gateway.child.err}`, 60_000);
}

// The gateway's own account of itself, by its admin token.
export async function status(gateway) {
  gateway.token ??= (await readFile(`${gateway.config.stateDir}/admin.token`, 'utf8')).trim();
  const answer = await ask(gateway.adminPort, get('/api/gateway/status', `Authorization: Bearer ${gateway.token}`));
  if (answer.status !== 200) throw new Error(`status answered ${answer.status}`);
  return JSON.parse(answer.body);
}
