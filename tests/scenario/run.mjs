// Runs the scenarios: `node run.mjs [--concurrency N] [part of a path]…`. PENSTOCK_BINARY names the
// binary, PENSTOCK_IO the loop (`io_uring`, `epoll`).
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { tap } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Gateway, binary } from './harness/gateway.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { concurrency: { type: 'string', default: '2' } } });

function* testsIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* testsIn(full);
    else if (entry.name.endsWith('.test.mjs')) yield full;
  }
}

if (!Gateway.exists()) {
  console.error(`There is no ${binary}: build it (./dev build) or name it in PENSTOCK_BINARY.`);
  process.exit(1);
}
const files = [...testsIn(here)].filter((file) => !positionals.length || positionals.some((part) => file.includes(part)));
// What hangs is ended, and named, by file; the longest takes some minutes under a sanitizer on a busy machine.
const longest = 480_000;
const events = run({ files: files.sort(), concurrency: Number(values.concurrency), timeout: longest });
let failed = false;
events.on('test:fail', () => { failed = true; });

function end() {
  const left = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
  for (const pid of left) process.kill(Number(pid), 'SIGKILL');
  process.exit(failed ? 1 : 0);
}
events.compose(tap).on('end', () => process.stdout.write('', end)).pipe(process.stdout);
