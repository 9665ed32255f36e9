import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Child } from '../harness/child.mjs';
import { keepConfig } from '../harness/corpus.mjs';
import { within } from '../harness/eventually.mjs';
import { binary } from '../harness/gateway.mjs';
import { atEnd } from '../harness/scene.mjs';

// A folder with these files, for the length of the test: `{ 'base.yaml': text }`.
export async function folder(files = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'scenario-config-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    if (/\.(yaml|json)$/.test(name)) keepConfig(text);
    await writeFile(path.join(dir, name), text);
  }
  return dir;
}

// Runs the command to its end, in the folder.
export async function penstock(dir, args, env = {}) {
  const child = new Child(binary, args, { cwd: dir, env: { ...process.env, ...env } });
  atEnd(() => child.stop('SIGKILL'));
  const { code } = await within(child.exited, `penstock ${args.join(' ')}`);
  return { code, out: child.out, err: child.err, lines: child.out.split('\n').slice(0, -1) };
}
