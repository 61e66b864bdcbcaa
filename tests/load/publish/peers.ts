import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { PeerResult, PeerRun, System } from './peers/main.ts'
import type { Bench } from './spike.ts'
import { textOf } from './texts.ts'

const WARM_UP = 1_000

/** Posts that are due at one instant, sent by a peer from its own database of the same cluster. */
export const measurePeer = async (
  { host, sql, x, accounts }: Bench,
  system: System,
  { name, count }: { name: string; count: number },
): Promise<number> => {
  const database = `peer_${system}`
  await sql.query(`drop database if exists ${database} with (force)`)
  await sql.query(`create database ${database}`)
  const databaseUrl = new URL(host.state.admin_db_url)
  databaseUrl.pathname = `/${database}`
  const postsOf = (batch: string, many: number) =>
    Array.from({ length: many }, (_, index) => ({
      token: accounts[index % accounts.length]?.accessToken ?? '',
      text: textOf(batch, index),
    }))
  const since = Date.now()
  const { ms } = await runPeer({
    ...{ system, databaseUrl: databaseUrl.href, xUrl: host.state.x_url },
    warmUp: postsOf(`${name} warm-up`, WARM_UP),
    posts: postsOf(name, count),
  })
  await sql.query(`drop database ${database} with (force)`)
  const accepted = (await x.acceptedSince(since)).filter(({ text }) =>
    text.startsWith(`${name} post`),
  )
  if (accepted.length !== count) throw new Error(`${system}: X took ${accepted.length} of ${count}`)
  return (count / ms) * 1000
}

const runPeer = async (order: PeerRun): Promise<PeerResult> => {
  const main = join(import.meta.dirname, 'peers', 'main.ts')
  const child = spawn(process.execPath, [main], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(order))
  return JSON.parse(await text(child.stdout)) as PeerResult
}
