import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { denoBinary } from '../../scripts/stack/deno-binary.ts'
import type { EgressInput, Sent } from './egress-in-deno.ts'

const TLS = join(import.meta.dirname, '..', 'data', 'tls')
const SCRIPT = join(import.meta.dirname, 'egress-in-deno.ts')

/** The name the certificate of `startTlsServer` is for. */
export const CERTIFIED = 'hooks.example.com'

/** An https server on loopback that counts its connections. */
export async function startTlsServer(handler: RequestListener) {
  const [key, cert] = ['server.key', 'server.pem'].map((name) => readFileSync(join(TLS, name)))
  const server = createServer({ key, cert }, handler)
  let connections = 0
  server.on('secureConnection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Sends in a Deno process that trusts the certificate authority of these tests. */
export async function sendFromDeno(
  input: Pick<EgressInput, 'urls'> & Partial<EgressInput>,
): Promise<Sent[]> {
  const full: EgressInput = { dnsPort: 0, routes: {}, timeoutMs: 10_000, readBytes: 1024, ...input }
  const flags = ['run', '--no-prompt', '--no-lock', '--no-check', '--allow-net', '--allow-env']
  const { stdout } = await promisify(execFile)(
    denoBinary(),
    [...flags, SCRIPT, JSON.stringify(full)],
    { env: { DENO_CERT: join(TLS, 'ca.pem'), NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' } },
  )
  return JSON.parse(stdout) as Sent[]
}
