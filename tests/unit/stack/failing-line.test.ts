import { expect, test } from 'vitest'
import { failingLine } from '../../../scripts/stack/migrate.ts'

const sql =
  '-- A header\ncreate table public.a (id int);\n\ninsert into public.a values (1);\nselct 1;\n'

test('finds the line a caret points at', () => {
  const error = 'ERROR: syntax error (SQLSTATE 42601)\nAt statement: 2\nselct 1\n^'
  expect(failingLine(sql, error)).toBe(5)
})

test('finds the line a statement without a caret begins at', () => {
  const error = 'ERROR: boo (SQLSTATE PT409)\nAt statement: 1\ninsert into public.a values (1)'
  expect(failingLine(sql, error)).toBe(4)
})

test('says so when the statement is not in the file', () => {
  expect(failingLine(sql, 'ERROR: connection lost')).toBe('unknown')
})
