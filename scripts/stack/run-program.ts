import { type ChildOptions, startChild } from './child.ts'

/** Runs a program to its end and answers its exit code (null when a signal ended it) and all it printed. */
export const runProgram = async (file: string, args: string[], options: ChildOptions) => {
  const child = await startChild(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const streams = [child.stdout, child.stderr].map(async (stream) => {
    for await (const chunk of stream ?? []) output += chunk
  })
  const [code] = await Promise.all([child.exited, ...streams])
  return { code, output }
}
