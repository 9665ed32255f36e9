// Penstock in front of the cases' origin, its limits as they are by default.
import { Gateway } from '../harness/gateway.mjs';

export async function startPenstockForCases(originPort) {
  const gateway = await Gateway.start({
    services: [{
      serviceName: 'origin',
      instances: [{ host: '127.0.0.1', port: originPort }],
      retry: { attempts: 1 },
    }],
    routes: [{ routeId: 'cases', path: '/*', upstreamService: 'origin', authRequired: false }],
    runtime: { workers: 1 },
    observability: { accessLog: { path: 'off' } },
  });
  return { name: 'penstock', port: gateway.port, gateway, stop: () => gateway.stop() };
}
