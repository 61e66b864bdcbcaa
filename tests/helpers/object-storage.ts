import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsV4Signer } from 'aws4fetch'
import { createStorage } from '../../scripts/stack/storage/server.ts'

const PREFIX = '/storage/v1/s3'
export const CREDENTIALS = { accessKeyId: 'key', secretAccessKey: 'secret', region: 'local' }

type Sent = { method?: string; body?: string | Uint8Array; headers?: Record<string, string> }

/** Object storage on a port of its own, under the prefix the platform has; `clock` can be moved. */
export async function startObjectStorage() {
  const directory = await mkdtemp(join(tmpdir(), 'myposts-storage-'))
  const clock = { offsetMs: 0 }
  const open = () =>
    createStorage({
      directory,
      credentials: CREDENTIALS,
      log: () => {},
      now: () => Date.now() + clock.offsetMs,
    })
  let storage = open()
  const server = createServer((req, res) => {
    void storage.handle(req, res, (req.url ?? '/').slice(PREFIX.length))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}${PREFIX}`

  const sign = (path: string, { method = 'GET', body, headers = {} }: Sent, inQuery = false) =>
    new AwsV4Signer({
      ...CREDENTIALS,
      service: 's3',
      url: `${endpoint}${path}`,
      method,
      headers,
      signQuery: inQuery,
      ...(body === undefined ? {} : { body: body as BodyInit }),
    }).sign()

  return {
    endpoint,
    clock,
    directory,
    createBucket: (name: string) => storage.createBucket(name),
    /** As a restart would: everything is read again from disk. */
    reopen: () => {
      storage = open()
    },
    presign: async (path: string, sent: Sent) => (await sign(path, sent, true)).url.href,
    send: async (path: string, sent: Sent = {}) => {
      const { url, headers } = await sign(path, sent)
      const { method = 'GET', body } = sent
      return fetch(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body as BodyInit }),
      })
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
