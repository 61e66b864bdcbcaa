import { MONEY_GUARDS } from './money-guards.ts'
import { seeItFail } from './see-it-fail.ts'

seeItFail(MONEY_GUARDS)
