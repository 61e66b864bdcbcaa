import { createSocket } from 'node:dgram'

/** What a name has: addresses by kind, or another name. */
export type Records = { A?: string[]; AAAA?: string[]; CNAME?: string }

const KINDS: Record<number, 'A' | 'AAAA'> = { 1: 'A', 28: 'AAAA' }
const CNAME = 5

const nameBytes = (name: string) =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ])

const addressBytes = (address: string) =>
  address.includes(':')
    ? Buffer.from(
        address
          .replace('::', `${':0'.repeat(9 - address.split(':').length)}:`)
          .split(':')
          .map((part) => part.padStart(4, '0'))
          .join(''),
        'hex',
      )
    : Buffer.from(address.split('.').map(Number))

const record = (name: string, type: number, data: Buffer) => {
  const head = Buffer.alloc(10)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(1, 2)
  head.writeUInt16BE(data.length, 8)
  return Buffer.concat([nameBytes(name), head, data])
}

const readQuestion = (query: Buffer) => {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** Follows names as a recursive resolver does; null when there is no such name. */
const answersFor = (name: string, type: number, find: Find): Buffer[] | null => {
  const kind = KINDS[type]
  const found = find(name, kind)
  if (!found) return null
  if (found.CNAME) {
    const alias = record(name, CNAME, nameBytes(found.CNAME))
    return [alias, ...(answersFor(found.CNAME, type, find) ?? [])]
  }
  const addresses = (kind && found[kind]) ?? []
  return addresses.map((address) => record(name, type, addressBytes(address)))
}

type Find = (name: string, kind: 'A' | 'AAAA' | undefined) => Records | undefined

/** A DNS server on loopback. `find` is asked for each query, so its answers may change. */
export async function startDnsServer(find: Find) {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query)
    const answers = answersFor(name, type, find)
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(answers ? 0x8180 : 0x8183, 2)
    head.writeUInt16BE(answers?.length ?? 0, 6)
    head.writeUInt32BE(0, 8)
    const answer = Buffer.concat([head, query.subarray(12, end), ...(answers ?? [])])
    socket.send(answer, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return { port: socket.address().port, close: () => socket.close() }
}
