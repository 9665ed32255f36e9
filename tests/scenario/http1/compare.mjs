// Runs the cases against nginx and HAProxy (and Penstock with `--penstock`) and prints where each
// leaves the verdicts. `--doc FILE` writes the explained table; `--only PATTERN` picks cases.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { cases } from './cases.mjs';
import { differencesPage, unexplained } from './explain.mjs';
import { startHaproxy, startNginx } from './peers.mjs';
import { CaseOrigin, patience, runCase } from './runner.mjs';
import { judge } from './verdict.mjs';

const { values: flags } = parseArgs({ options: {
  penstock: { type: 'boolean' }, doc: { type: 'string' }, only: { type: 'string' }, server: { type: 'string' },
} });

patience.bound = 1000;  // Peers leave much unanswered.

async function differences(startServer, own) {
  const origin = await CaseOrigin.start();
  const server = await startServer(origin.port);
  const list = [];
  try {
    for (const case_ of cases) {
      if (flags.only && !new RegExp(flags.only).test(case_.id)) continue;
      if (case_.except?.[server.name]) continue;
      const outcome = await runCase(case_, server.port, origin);
      const faults = judge(outcome, own ? case_.penstock ?? case_.allowed : case_.allowed);
      if (faults.length) list.push({ id: case_.id, section: case_.section, faults });
    }
  } finally {
    await server.stop();
    await origin.stop();
  }
  return list;
}

const starts = { nginx: startNginx, haproxy: startHaproxy };
if (flags.penstock) starts.penstock = (await import('./penstock.mjs')).startPenstockForCases;
const results = {};
for (const [name, start] of Object.entries(starts)) {
  if (flags.server && flags.server !== name) continue;
  results[name] = await differences(start, name === 'penstock');
  console.log(`\n${name}: ${results[name].length} of ${cases.length} cases outside the verdicts`);
  for (const { id, section, faults } of results[name]) console.log(`  ${id} (${section})\n    ${faults.join('\n    ')}`);
}
const unknown = flags.only ? [] : unexplained(results);
if (unknown.length) {
  console.log(`\nWithout an explanation in explain.mjs:\n  ${unknown.join('\n  ')}`);
  process.exitCode = 1;
}
if (flags.doc) await writeFile(flags.doc, differencesPage(results, cases.length));
