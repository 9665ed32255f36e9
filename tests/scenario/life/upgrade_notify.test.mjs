import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { Child } from '../harness/child.mjs';
import { eventually } from '../harness/eventually.mjs';
import { toOrigin } from '../harness/gateway.mjs';
import { reload } from '../harness/reload.mjs';
import { atEnd, rawOrigin } from '../harness/scene.mjs';
import { firstHasEnded, replaceProgram, script, startUpgradable, upgrade } from '../harness/upgrade.mjs';

// A service manager: prints the datagrams that come to its socket, each on a line.
const listen = `
  use Socket; $| = 1;
  my $path = $ARGV[0]; $path =~ s/^\\@/\\0/;
  socket(SOCKET, PF_UNIX, SOCK_DGRAM, 0) && bind(SOCKET, pack_sockaddr_un($path)) or die $!;
  print "bound\\n";
  while (defined recv(SOCKET, my $message, 4096, 0)) { $message =~ s/\\n/ /g; print "$message\\n"; }
`;

async function managed(place) {
  const origin = await rawOrigin();
  const manager = new Child('perl', ['-e', listen, place]);
  atEnd(() => manager.stop('SIGKILL'));
  await eventually(() => manager.out.startsWith('bound\n'), `a socket\n${manager.err}`);
  const gateway = await startUpgradable(toOrigin(origin.port), { env: { NOTIFY_SOCKET: place } });
  const messages = () => manager.out.split('\n').slice(1, -1);
  const heard = (count) => eventually(() => messages().length >= count && messages(), `${count} messages`);
  return { gateway, messages, heard };
}

for (const [what, place] of [
  ['a path', path.join('/tmp', `penstock-notify-${process.pid}`)],
  ['an abstract socket', `@penstock-notify-${process.pid}`],
]) {
  test(`systemd hears of start, reload and stop by ${what}`, { timeout: 60_000 }, async () => {
    const { gateway, heard } = await managed(place);
    assert.deepEqual(await heard(1), ['READY=1']);
    assert.equal(await reload(gateway, gateway.config), 'success');
    const [, reloading, ready] = await heard(3);
    assert.match(reloading, /^RELOADING=1 MONOTONIC_USEC=\d+$/);
    assert.equal(ready, 'READY=1');
    assert.equal(await reload(gateway, { ...gateway.config, services: 7 }), 'failure');
    assert.equal((await heard(5))[4], 'READY=1', 'also where it failed');
    gateway.child.signal('SIGTERM');
    assert.deepEqual((await heard(6)).slice(5), ['STOPPING=1']);
  });
}

test('systemd hears of the new main process once that has served for some seconds', { timeout: 90_000 }, async () => {
  const { gateway, messages, heard } = await managed(`@penstock-notify-upgrade-${process.pid}`);
  await heard(1);
  await upgrade(gateway);
  assert.deepEqual(await heard(3), ['READY=1', 'READY=1', `MAINPID=${gateway.pid}`]);
  await firstHasEnded(gateway);
  assert.equal(messages().length, 3, 'that the old one ends is no end of the service');
});

test('systemd hears nothing of a new process that fails', { timeout: 90_000 }, async () => {
  const { gateway, messages } = await managed(`@penstock-notify-failed-${process.pid}`);
  await replaceProgram(gateway, script('sockets=${PENSTOCK_UPGRADE#*sockets=}; echo "ready $sockets" >&$fd; exit 3'));
  gateway.child.signal('SIGUSR2');
  await eventually(() => gateway.child.err.includes('upgrade failed'), 'the failure');
  assert.deepEqual(messages(), ['READY=1']);
});
