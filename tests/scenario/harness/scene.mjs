import { after } from 'node:test';
import { within } from './eventually.mjs';
import { Gateway, toOrigin } from './gateway.mjs';
import { RawOrigin, answer } from './raw_origin.mjs';

// What a test starts and must end: ended last to first when the test's file is over.
const ends = [];
const patience = 20_000;
after(async () => {
  const faults = [];
  for (const end of ends.reverse()) {
    try {
      await within(Promise.resolve(end()), `the end of ${end}`, 60_000);
    } catch (error) {
      faults.push(error);
    }
  }
  // A test that failed may have left behind what would keep this process for ever.
  setTimeout(() => {
    console.error(`still there at the end: ${process.getActiveResourcesInfo()}`);
    process.exit(1);
  }, patience).unref();
  if (faults.length) throw faults[0];
});

export function atEnd(end) {
  ends.push(end);
}

// A raw origin with a gateway in front of it. `script` is RawOrigin's; `service` and `route` add to
// the configuration of the one service and route, `options` are the gateway's.
export async function scene(script = {}, { service, route, config, ...options } = {}) {
  const origin = await rawOrigin(script);
  const gateway = await startGateway({ ...toOrigin(origin.port, service, route), ...config }, options);
  return { origin, gateway, port: gateway.port };
}

export async function rawOrigin(script = {}, port = 0) {
  const origin = await RawOrigin.start({ respond: (request, connection) => connection.send(answer('200 OK', 'ok')), ...script }, port);
  atEnd(() => origin.stop());
  return origin;
}

export async function startGateway(config, options = {}) {
  const gateway = await Gateway.start(config, options);
  atEnd(() => gateway.stop());
  return gateway;
}
