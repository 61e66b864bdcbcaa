import { describe, expect, test } from 'vitest'
import { checkTarget } from '../../../shared/egress/check-target.ts'
import { isGlobalAddress } from '../../../shared/egress/is-global-address.ts'
import { fakeApi } from '../../helpers/fake-api.ts'

const { env } = fakeApi()
const resolvingTo = (...addresses: string[]) => ({ env, resolveDns: async () => addresses })

describe('an address of the public internet', () => {
  test.each(['1.1.1.1', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001::1'])('%s', (address) =>
    expect(isGlobalAddress(address)).toBe(true),
  )
})

describe('no address of the public internet', () => {
  test.each([
    ...['0.0.0.1', '10.0.0.1', '100.64.0.1', '127.8.8.8', '169.254.169.254', '172.16.0.1'],
    ...['172.31.255.255', '192.0.0.1', '192.168.1.1', '198.18.0.1', '224.0.0.1', '240.0.0.1'],
    ...['255.255.255.255', '203.0.113.7', '::', '::1', 'fc00::1', 'fe80::1', 'ff02::1'],
    ...['::ffff:8.8.8.8', '::8.8.8.8', '64:ff9b::808:808', '2002:808:808::1', '2001:db8::1'],
    ...['100::1', '4000::1', 'fe80::1%eth0', 'example.com', ''],
  ])('%s', (address) => expect(isGlobalAddress(address)).toBe(false))
})

test('allows a host all of whose addresses are public', async () => {
  const target = await checkTarget(resolvingTo('1.1.1.1', '2606:4700::1111'), 'https://a.example/')
  expect(target).toMatchObject({ kind: 'allowed', addresses: ['1.1.1.1', '2606:4700::1111'] })
})

test('refuses a host with one private address among public ones', async () => {
  const target = await checkTarget(resolvingTo('1.1.1.1', '::1'), 'https://a.example/')
  expect(target).toMatchObject({ kind: 'refused', slug: 'address-refused' })
})

test('refuses a host without an address, and one that cannot be looked up', async () => {
  const broken = { env, resolveDns: () => Promise.reject(new Error('SERVFAIL')) }
  for (const deps of [resolvingTo(), broken]) {
    expect(await checkTarget(deps, 'https://a.example/')).toMatchObject({ slug: 'dns' })
  }
})

test.each([
  'http://localhost:3000/hook',
  'http://127.0.0.1:3000/hook',
  'http://my-laptop.local:3000/hook',
])('who means their own machine is told of the setting for that: %s', async (url) => {
  const target = await checkTarget(resolvingTo(), url)
  expect(target).toMatchObject({
    reason: expect.stringContaining(`${new URL(url).host} in WEBHOOK_PRIVATE_HOSTS`),
  })
})

test('who means the internet is not', async () => {
  const target = await checkTarget(resolvingTo('1.1.1.1'), 'http://a.example/')
  expect(target).toMatchObject({ reason: 'Must begin with https://.' })
})
