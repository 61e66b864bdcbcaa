import { spawn } from 'node:child_process'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startSandboxX } from '../../../scripts/stack/sandbox-x/server.ts'
import { openSandbox } from '../../helpers/open-sandbox.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const open = async () => {
  const sandbox = await openSandbox()
  closers.push(sandbox.close)
  const tokens = {
    alice: (await sandbox.token('alice')).access_token,
    bob: (await sandbox.token('bob')).access_token,
  }
  const post = async (who: keyof typeof tokens, text: string) => {
    const result = await sandbox.client().publish(tokens[who], { text })
    return result.kind
  }
  return { sandbox, post }
}

describe('faults', () => {
  it('befall only the account they name', async () => {
    const { sandbox, post } = await open()
    await sandbox.set('faults', { match: { username: 'Alice' }, kind: '503' })
    expect([await post('alice', 'a'), await post('bob', 'a')]).toEqual(['unknown', 'accepted'])
  })

  it('begin after some calls and end after some more', async () => {
    const { sandbox, post } = await open()
    const match = { method: 'post', path: '/2/*' }
    await sandbox.set('faults', { match, kind: '402', after: 1, times: 2 })
    const kinds = []
    for (let number = 0; number < 4; number += 1) kinds.push(await post('alice', `n ${number}`))
    expect(kinds).toEqual(['accepted', 'app_blocked', 'app_blocked', 'accepted'])
  })

  it('are tried in the order they were added, one for each call', async () => {
    const { sandbox, post } = await open()
    for (const kind of ['402', '403']) await sandbox.set('faults', { match: {}, kind, times: 1 })
    const kinds = [await post('alice', 'a'), await post('alice', 'b'), await post('alice', 'c')]
    expect(kinds).toEqual(['app_blocked', 'refused', 'accepted'])
  })

  it('end when they are taken back', async () => {
    const { sandbox, post } = await open()
    const { id } = await sandbox.set<{ id: string }>('faults', { match: {}, kind: '503' })
    expect(await post('alice', 'a')).toBe('unknown')
    await fetch(`${sandbox.url()}/sandbox/faults/${id}`, { method: 'DELETE' })
    expect(await post('alice', 'b')).toBe('accepted')
  })

  it.each([
    ['an unknown kind', { kind: 'fire' }, 'Invalid option'],
    ['a misspelt match', { match: { user: 'alice' }, kind: '503' }, 'Unrecognized key'],
  ])('are refused for %s', async (_name, fault, reason) => {
    const { sandbox } = await open()
    await expect(sandbox.set('faults', fault)).rejects.toThrow(reason)
  })
})

describe('a restart', () => {
  it('forgets nothing that was accepted', async () => {
    const { sandbox, post } = await open()
    await post('alice', 'before')
    const before = await sandbox.accepted()
    await sandbox.set('users', { username: 'carol' })
    await sandbox.restart()
    expect(await sandbox.accepted()).toEqual(before)
    expect(await post('alice', 'before')).toBe('refused')
    expect(await sandbox.token('carol')).toMatchObject({ user_id: expect.any(String) })
  })

  it('survives half a line at the end of the journal', async () => {
    const data = await mkdtemp(join(tmpdir(), 'sandbox-x-'))
    closers.push(() => rm(data, { recursive: true }))
    const users = async (add?: string) => {
      const sandbox = await startSandboxX({ port: 0, data })
      const body = JSON.stringify({ username: add })
      if (add) await fetch(`${sandbox.url}/sandbox/users`, { method: 'POST', body })
      const answer = await fetch(`${sandbox.url}/sandbox/users`)
      await sandbox.stop()
      return ((await answer.json()) as { users: { username: string }[] }).users.length
    }
    expect(await users('dora')).toBe(4)
    await appendFile(join(data, 'sandbox-x.jsonl'), '{"t":"user","us')
    expect(await users('erin')).toBe(5)
    expect(await users()).toBe(5)
  })

  it('after a reset is a first start', async () => {
    const { sandbox, post } = await open()
    await post('alice', 'a')
    await sandbox.set('reset', {})
    await sandbox.restart()
    expect(await sandbox.accepted()).toEqual([])
    expect(await sandbox.get('stats')).toMatchObject({ accepted: 0 })
  })
})

const main = new URL('../../../scripts/stack/sandbox-x/main.ts', import.meta.url).pathname

const launch = async (data: string) => {
  const child = spawn(process.execPath, [main, '--port', '0', '--data', data])
  closers.push(async () => child.kill('SIGKILL'))
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (d) => resolve(String(d))),
  )
  const url = `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const ask = async (path: string, body?: unknown, token = '') => {
    const init = { headers: { authorization: `Bearer ${token}` } }
    const sent = body ? { ...init, method: 'POST', body: JSON.stringify(body) } : init
    return (await fetch(url + path, sent)).json()
  }
  return { child, ended, ask }
}

describe('as a process of its own', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('keeps what it answered through %s', async (signal) => {
    const data = await mkdtemp(join(tmpdir(), 'sandbox-x-'))
    const first = await launch(data)
    const { access_token } = await first.ask('/sandbox/tokens', { username: 'demo' })
    const texts = Array.from({ length: 50 }, (_, index) => `n ${index}`)
    await Promise.all(texts.map((text) => first.ask('/2/tweets', { text }, access_token)))
    first.child.kill(signal)
    expect(await first.ended).toBe(signal === 'SIGTERM' ? 0 : null)
    const second = await launch(data)
    const { accepted } = await second.ask('/sandbox/accepted')
    expect(accepted.map(({ text }: { text: string }) => text).toSorted()).toEqual(texts.toSorted())
    second.child.kill('SIGTERM')
    await second.ended
    await rm(data, { recursive: true })
  })
})
