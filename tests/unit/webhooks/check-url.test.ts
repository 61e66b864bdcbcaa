import { describe, expect, test } from 'vitest'
import { checkUrl } from '../../../shared/webhooks/check-url.ts'

const rules = { privateHosts: ['127.0.0.1:9000', 'receiver:80'], ownHost: 'project.supabase.co' }
const check = (url: string) => checkUrl(url, rules)

describe('never lets an endpoint be', () => {
  test.each([
    ['no URL', 'example.com/hook'],
    ['on http', 'http://example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/plain,x'],
    ['on another port', 'https://example.com:8443/'],
    ['with a user', 'https://user@example.com/'],
    ['with a password', 'https://:secret@example.com/'],
    ['ourselves', 'https://project.supabase.co/functions/v1/api'],
    ['ourselves with a final dot', 'https://project.supabase.co./'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback in one number', 'https://2130706433/'],
    ['loopback in hexadecimal', 'https://0x7f.1/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback in full-width digits', 'https://１２７.0.0.1/'],
    ['the metadata service', 'https://169.254.169.254/latest/meta-data'],
    ['the metadata service, mapped', 'https://[::ffff:169.254.169.254]/'],
    ['a private network', 'https://10.1.2.3/'],
    ['carrier NAT', 'https://100.64.0.1/'],
    ['nothing', 'https://0.0.0.0/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['a unique local address', 'https://[fd00::1]/'],
    ['translated IPv4', 'https://[64:ff9b::a00:1]/'],
    ['an allowed private host on another port', 'http://127.0.0.1:9001/'],
    ['an allowed private host with a user', 'http://user@127.0.0.1:9000/'],
  ])('%s', (_, url) => {
    expect(check(url).kind).toBe('refused')
  })
})

describe('allows', () => {
  test.each([
    ['a name, whose addresses are still to be checked', 'https://example.com/hook', 'example.com'],
    ['port 443 written out', 'https://example.com:443/', 'example.com'],
    ['a name with a final dot', 'https://example.com./', 'example.com'],
    ['a public address', 'https://93.184.216.34/', null],
    ['a public IPv6 address', 'https://[2606:2800:220:1::1]/', null],
    ['a private host that was named', 'http://127.0.0.1:9000/hook', null],
    ['a private host on the default port', 'http://receiver/hook', null],
  ])('%s', (_, url, resolve) => {
    expect(check(url)).toMatchObject({ kind: 'allowed', resolve })
  })
})
