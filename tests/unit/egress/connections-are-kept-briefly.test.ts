import { expect, test } from 'vitest'
import { createIdleConnections } from '../../../shared/egress/idle-connections.ts'

const HOST = 'a.example'

const setUp = () => {
  let now = 0
  const closed: string[] = []
  const idle = createIdleConnections(() => now)
  const put = (name: string, address = '1.1.1.1', host = HOST) =>
    idle.put(address, host, {
      read: async () => null,
      write: async (bytes) => bytes.length,
      close: () => closed.push(name),
    })
  const wait = (ms: number) => {
    now += ms
  }
  return { idle, put, closed, wait }
}

test('a connection serves the same host at an address that was checked again, once', () => {
  const { idle, put, closed } = setUp()
  put('one')
  expect(idle.take(['1.1.1.1'], 'b.example')).toBeUndefined()
  expect(idle.take(['8.8.8.8'], HOST)).toBeUndefined()
  expect(idle.take(['8.8.8.8', '1.1.1.1'], HOST)).toMatchObject({ address: '1.1.1.1' })
  expect(idle.take(['1.1.1.1'], HOST)).toBeUndefined()
  expect(closed).toEqual([])
})

test('connections that waited too long are closed, and so are those that are too many', () => {
  const { idle, put, closed, wait } = setUp()
  put('old')
  wait(9_000)
  put('young')
  wait(1_000)
  expect(idle.take(['1.1.1.1'], HOST)).toBeDefined()
  expect(idle.take(['1.1.1.1'], HOST)).toBeUndefined()
  expect(closed).toEqual(['old'])
  for (let n = 0; n <= 200; n += 1) put(`number ${n}`)
  expect(closed).toEqual(['old', 'number 0'])
})
