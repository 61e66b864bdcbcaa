import { expect, test } from 'vitest'
import { parseOptions } from '../../../scripts/stack/options.ts'

test('starts on 54321 with its data in .stack and shows the demo unless told otherwise', () => {
  expect(parseOptions([])).toMatchObject({
    port: 54321,
    data: '.stack',
    fresh: false,
    demo: true,
    verbose: false,
    help: false,
  })
})

test('takes every documented option', () => {
  const words = ['--port', '55321', '--data=/tmp/x', '--fresh', '--no-demo']
  expect(parseOptions(words)).toMatchObject({
    port: 55321,
    data: '/tmp/x',
    fresh: true,
    demo: false,
  })
})

test.each([
  [['--bogus'], "Unknown option '--bogus'."],
  [['extra'], "Unexpected argument 'extra'."],
  [['--port', 'abc'], '--port takes a number from 0 to 65533, not "abc".'],
  [['--port', '65534'], '--port takes a number from 0 to 65533, not "65534".'],
  [['--data='], '--data takes a folder.'],
])('refuses %j with one sentence and a command that works', (words, message) => {
  expect(() => parseOptions(words)).toThrow(
    expect.objectContaining({ message, remedy: expect.stringContaining('npm start -- --') }),
  )
})

test('notices options that npm kept for itself', () => {
  expect(() => parseOptions([], { npm_config_fresh: 'true' })).toThrow('npm kept --fresh')
})
