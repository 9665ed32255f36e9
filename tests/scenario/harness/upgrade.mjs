import { readlinkSync } from 'node:fs';
import { chmod, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually, within } from './eventually.mjs';
import { Gateway, binary, report } from './gateway.mjs';
import { status } from './reload.mjs';
import { atEnd } from './scene.mjs';

const gateways = new Set();
process.on('exit', () => gateways.forEach((gateway) => tellAll(gateway, 'SIGKILL')));

// Its processes run in its folder: a number may be another's by now.
function tellAll(gateway, signal) {
  const named = [...gateway.child.err.matchAll(/ new_process=(\d+)/g)].map((match) => Number(match[1]));
  for (const pid of new Set([gateway.child.pid, ...named])) {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) === gateway.dir) process.kill(pid, signal);
    } catch (error) {
      if (!['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) throw error;
    }
  }
}

// A gateway of which another program can take the place: it is started by a link of its own.
export async function startUpgradable(config, { env, args, ...options } = {}) {
  const gateway = await Gateway.prepare(config, options);
  gateway.program = path.join(gateway.dir, 'penstock');
  await replaceProgram(gateway, binary);
  gateway.spawn({ env, args });
  gateway.pid = gateway.child.pid;
  gateway.pids = [gateway.pid];
  gateways.add(gateway);
  atEnd(() => end(gateway));
  await gateway.ready();
  return gateway;
}

// What lies at the gateway's path from now on: a program, or a script's text.
export async function replaceProgram(gateway, program) {
  const beside = `${gateway.program}.new`;
  if (program.startsWith('#!')) {
    await writeFile(beside, program);
    await chmod(beside, 0o755);
  } else {
    await symlink(program, beside);
  }
  await rename(beside, gateway.program);
}

// A shell's words as such a script. $fd is its channel to the process that is upgraded.
export const script = (words) => `#!/bin/bash\nfd=\${PENSTOCK_UPGRADE#*channel=}; fd=\${fd%% *}\n${words}\n`;

// Upgrades it, and gives the new process's status once that serves.
export async function upgrade(gateway) {
  process.kill(gateway.pid, 'SIGUSR2');
  return taken(gateway);
}

// The status of the process that has taken the present one's place.
export async function taken(gateway) {
  const told = await eventually(async () => {
    const now = await status(gateway);
    return now.pid !== gateway.pid && now.state === 'serving' && now;
  }, `an upgrade\n${gateway.child.err}`, 60_000);
  gateway.pid = told.pid;
  gateway.pids.push(told.pid);
  return told;
}

// Waits for what the last try came to.
export async function failedUpgrade(gateway) {
  process.kill(gateway.pid, 'SIGUSR2');
  return eventually(async () => (await status(gateway)).upgrade.last_error, `a failed upgrade\n${gateway.child.err}`, 60_000);
}

// The first process alone: its output is everybody's, and closed only with the last of them.
export const firstHasEnded = (gateway) => eventually(() => gateway.child.process.exitCode === 0, 'the end of the first process', 60_000);

async function end(gateway) {
  tellAll(gateway, 'SIGTERM');
  try {
    await within(gateway.child.exited, 'the end of all processes', 30_000);
  } catch (error) {
    tellAll(gateway, 'SIGKILL');
    throw error;
  } finally {
    gateways.delete(gateway);
    await gateway.remove();
  }
  if (report.test(gateway.child.err)) throw new Error(`sanitizer report:\n${gateway.child.err}`);
  const { exitCode } = gateway.child.process;
  if (exitCode !== 0) throw new Error(`penstock ended with ${exitCode}:\n${gateway.child.err}`);
}
