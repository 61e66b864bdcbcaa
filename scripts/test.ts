// Usage: npm test [-- <project | file filter>…] — unit, db, sim, e2e and chaos tests, each starting what it needs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const PROJECTS = ['unit', 'db', 'sim', 'e2e', 'chaos']
const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')

const args = process.argv.slice(2).map((arg) => (PROJECTS.includes(arg) ? `--project=${arg}` : arg))

const child = spawn(process.execPath, [vitest, 'run', ...args], { stdio: 'inherit' })
const [code] = await once(child, 'exit')
process.exitCode = code ?? 1
