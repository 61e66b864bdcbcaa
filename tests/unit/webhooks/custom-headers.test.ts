import { expect, test } from 'vitest'
import { faultsOfHeaders, isAllowedHeader } from '../../../shared/webhooks/custom-headers.ts'

const denied = [
  ...['host', 'Host', 'content-type', 'Content-Length', 'content-encoding', 'user-agent'],
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['proxy-authorization', 'proxy-connection', 'webhook-id', 'Webhook-Signature', 'cookie'],
  ...['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'date', 'accept-encoding'],
  ...['metadata-flavor', 'x-aws-ec2-metadata-token', 'X-aws-ec2-metadata-token-ttl-seconds'],
]
test.each(denied)('%s may not be set', (name) => {
  expect(isAllowedHeader(name)).toBe(false)
  expect(faultsOfHeaders({ [name]: 'x' })).toMatchObject([{ name }])
})

test.each([
  'authorization',
  'x-api-key',
  'X-Tenant',
  'accept',
  'cf-access-client-id',
  'traceparent',
])('%s may be set', (name) => expect(faultsOfHeaders({ [name]: 'a value' })).toEqual([]))

const broken: [string, string, string][] = [
  ['a name with a space', 'x a', 'v'],
  ['a name with a line break', 'x\r\nhost', 'v'],
  ['a name with a colon', 'x:', 'v'],
  ['no name', '', 'v'],
  ['a name of 101 letters', 'x'.repeat(101), 'v'],
  ['no value', 'x-a', ''],
  ['a value with a line break', 'x-a', 'v\r\nhost: b'],
  ['a value with NUL', 'x-a', 'v\0'],
  ['a value beyond ASCII', 'x-a', 'grüß'],
  ['space around a value', 'x-a', ' v '],
  ['a value of 1,001 characters', 'x-a', 'v'.repeat(1_001)],
]
test.each(broken)('refuses %s', (_, name, value) => {
  expect(faultsOfHeaders({ [name]: value })).toMatchObject([{ name }])
})

test('refuses twenty-one headers, and one that is there twice', () => {
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'v']))
  expect(faultsOfHeaders(many)).toMatchObject([{ name: null }])
  expect(faultsOfHeaders({ 'x-a': '1', 'X-A': '2' })).toMatchObject([{ name: 'X-A' }])
})
