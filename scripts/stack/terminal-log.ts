import { createWriteStream } from 'node:fs'

const ROUTINE = /^\[[\w-]+\] \{.*"level":"(info|debug)"|^\[[\w-]+\] \{"message"/

/**
 * Where the stack's lines go: all of them to `file`, and to the terminal those a person should see.
 * What functions log routinely stays in the file unless `verbose`.
 */
export const terminalLog = (file: string, verbose: boolean) => {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 })
  return (line: string) => {
    stream.write(`${line}\n`)
    if (verbose || !ROUTINE.test(line)) console.log(line)
  }
}
