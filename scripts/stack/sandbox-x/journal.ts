import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from './entries.ts'

/** The file the sandbox's memory is rebuilt from, one JSON entry a line. */
export type Journal = {
  entries: Entry[]
  append(entry: Entry): void
  /** Runs `done` once everything appended so far is in the operating system's hands. */
  flushed(done: () => void): void
  clear(): void
  close(): void
}

const parseLines = (bytes: Buffer): { entries: Entry[]; length: number } => {
  const end = bytes.lastIndexOf(10) + 1
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').filter(Boolean)
  return { entries: lines.map((line) => JSON.parse(line) as Entry), length: end }
}

/**
 * Opens `directory`/sandbox-x.jsonl and reads what it holds; half a last line, left by a kill, is
 * cut off. Writes are gathered for one turn of the event loop, and answers wait for that write, so
 * what was answered survives a SIGKILL of the process.
 */
export const openJournal = (directory: string): Journal => {
  mkdirSync(directory, { recursive: true })
  const file = openSync(join(directory, 'sandbox-x.jsonl'), 'a+')
  const { entries, length } = parseLines(readFileSync(file))
  ftruncateSync(file, length)
  let lines: string[] = []
  let waiting: (() => void)[] = []
  let scheduled = false
  let closed = false
  const write = () => {
    scheduled = false
    if (closed) return
    if (lines.length > 0) writeSync(file, `${lines.join('\n')}\n`)
    lines = []
    const ready = waiting
    waiting = []
    for (const done of ready) done()
  }
  return {
    entries,
    append: (entry) => void lines.push(JSON.stringify(entry)),
    flushed: (done) => {
      waiting.push(done)
      if (scheduled) return
      scheduled = true
      setImmediate(write)
    },
    clear: () => {
      lines = []
      ftruncateSync(file, 0)
    },
    close: () => {
      write()
      closed = true
      closeSync(file)
    },
  }
}
