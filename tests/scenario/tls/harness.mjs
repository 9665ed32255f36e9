import tls from 'node:tls';
import { within } from '../harness/eventually.mjs';
import { scene } from '../harness/scene.mjs';
import { certificate, pairs } from '../harness/certificates.mjs';

// A raw origin behind a gateway that speaks TLS with a certificate for `localhost`; more of `tls`.
export async function secureScene(script = {}, { tls: more, ...options } = {}) {
  const shown = certificate();
  const made = await scene(script, { tls: { certificates: pairs(shown), ...more }, ...options });
  return { ...made, shown, secure: { ca: shown.cert } };
}

// Shakes hands and leaves: what was agreed on, or the error.
export async function handshake(port, options = {}) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options });
  try {
    return await within(new Promise((resolve) => {
      socket.once('error', (error) => resolve({ error }));
      socket.once('secureConnect', () => {
        const shown = socket.getPeerX509Certificate();
        resolve({
          version: socket.getProtocol(),
          cipher: socket.getCipher().standardName,
          protocol: socket.alpnProtocol,
          group: socket.getEphemeralKeyInfo().name,
          commonName: /CN=(.*)/.exec(shown.subject)[1],
          key: shown.publicKey.asymmetricKeyType,
          fingerprint: shown.fingerprint256,
        });
      });
    }), 'a handshake');
  } finally {
    socket.end();
    socket.resume();
  }
}
