/**
 * Runs inside Deno, as a function does: sends with our own egress over real DNS and real TLS. The
 * internet is the operating system's business, so it is played here, beneath the runtime's sockets:
 * `routes` says on which port of loopback an address answers, and who connects to a name has it
 * looked up, at that moment, by the same resolver.
 */
import { checkTarget } from '../../shared/egress/check-target.ts'
import { createFetchPublic } from '../../shared/egress/fetch-public.ts'
import { resolveDns } from '../../shared/egress/resolve-dns.ts'

export type EgressInput = {
  urls: string[]
  dnsPort: number
  routes: Record<string, number>
  proxyUrl?: string
  timeoutMs: number
  /** How much of each answer is read, bytes. */
  readBytes: number
}

export type Sent = { status: number; text: string } | { refused: string } | { failed: string }

const input: EgressInput = JSON.parse(Deno.args[0] ?? '')

const { connect, resolveDns: resolve } = Deno
const isAddress = (host: string) => /^[\d.]+$|:/.test(host)

Object.assign(Deno, {
  resolveDns: (host: string, kind: 'A' | 'AAAA', options: object) =>
    resolve(host, kind, {
      ...options,
      nameServer: { ipAddr: '127.0.0.1', port: input.dnsPort },
    }),
  connect: async ({ hostname, port }: { hostname: string; port: number }) => {
    const address = isAddress(hostname) ? hostname : (await resolveDns(hostname))[0]
    const to = input.routes[`${address}:${port}`]
    if (to === undefined) throw new Error(`No route to ${address}:${port}`)
    return connect({ hostname: '127.0.0.1', port: to })
  },
})

const fetchPublic = createFetchPublic(input.proxyUrl, {
  monotonic: () => performance.now(),
  deadline: (ms) => AbortSignal.timeout(ms),
})

const read = async (response: Response) => {
  const reader = response.body?.getReader()
  let text = ''
  while (reader && text.length < input.readBytes) {
    const { done, value } = await reader.read()
    if (done) return text
    text += new TextDecoder('latin1').decode(value)
  }
  await reader?.cancel()
  return text.slice(0, input.readBytes)
}

const send = async (url: string): Promise<Sent> => {
  const env = { WEBHOOK_PRIVATE_HOSTS: [], SUPABASE_URL: 'https://project.example.net' }
  const target = await checkTarget({ env: env as never, resolveDns }, url)
  if (target.kind === 'refused') return { refused: target.slug }
  try {
    const response = await fetchPublic(target.url, target.addresses ?? [], {
      method: 'POST',
      headers: { 'content-type': 'text/plain', 'x-sent-by': 'a test' },
      body: new TextEncoder().encode('hällo'),
      signal: AbortSignal.timeout(input.timeoutMs),
    })
    return { status: response.status, text: await read(response) }
  } catch (error) {
    return { failed: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  }
}

const sent: Sent[] = []
for (const url of input.urls) sent.push(await send(url))
console.log(JSON.stringify(sent))
Deno.exit()
