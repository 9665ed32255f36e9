// Every case of the table against Penstock: as one write, and, where it is short, byte by byte.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cases } from './cases.mjs';
import { startPenstockForCases } from './penstock.mjs';
import { CaseOrigin, runCase } from './runner.mjs';
import { judge } from './verdict.mjs';

const longestBytewise = 700;

let origin;
let server;
before(async () => {
  origin = await CaseOrigin.start();
  server = await startPenstockForCases(origin.port);
});
after(async () => {
  await server?.stop();
  await origin?.stop();
});

async function holds(case_, slowly) {
  const faults = judge(await runCase(case_, server.port, origin, { slowly }), case_.penstock ?? case_.allowed);
  assert.deepEqual(faults, [], `${case_.id} (${case_.section})`);
}

const isShort = ({ send }) => [send].flat().every((part) => typeof part !== 'string' || part.length <= longestBytewise);

describe('HTTP/1.1 cases, at once', () => {
  for (const case_ of cases) test(`${case_.id} (${case_.section})`, { timeout: 30_000 }, () => holds(case_, false));
});

describe('HTTP/1.1 cases, byte by byte', () => {
  for (const case_ of cases.filter(isShort)) test(`${case_.id} (${case_.section})`, { timeout: 60_000 }, () => holds(case_, true));
});
