import { expect, test } from 'vitest'
import { z } from 'zod'
import { type EventType, entryOf, eventTypeNames } from '../../../shared/events/event-types.ts'
import { type Tx, withTx } from '../../helpers/database.ts'
import { emitOfAccounts, emitOfPosts, emitOfWorkspaces } from '../../helpers/emitting.ts'
import { connectAccount } from '../../helpers/publishing.ts'

type Written = { type: EventType; data: unknown }

const written = async (tx: Tx): Promise<Written[]> =>
  (await tx.query<Written>('select type, data from public.events order by id')).rows

/** What the catalogue does not name, or names otherwise; nothing unknown is let by here. */
const faultOf = ({ type, data }: Written): string | undefined => {
  const { error } = z.strictObject(entryOf(type).data.shape).safeParse(data)
  return error && `${type} ${JSON.stringify(data)}: ${z.prettifyError(error)}`
}

test('events of every type are what their schema says, with no member it does not name', () =>
  withTx(async (tx) => {
    await emitOfPosts(tx, await connectAccount(tx))
    await emitOfAccounts(tx, await connectAccount(tx))
    await emitOfWorkspaces(tx, await connectAccount(tx))

    const events = await written(tx)
    expect(events.map(faultOf).filter((fault) => fault !== undefined)).toEqual([])
    expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(eventTypeNames)
  }))
