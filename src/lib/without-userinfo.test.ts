import { expect, test } from 'vitest'
import { withoutUserinfo } from './without-userinfo.ts'

test('[LG1] names and passwords are left out of addresses, and of nothing else', () => {
  expect(withoutUserinfo('clone https://me:secret@host/x and ssh://git@h/y')).toBe(
    'clone https://…@host/x and ssh://…@h/y',
  )
  expect(withoutUserinfo('git@host:x.git /a@b https://host/@a')).toBe('git@host:x.git /a@b https://host/@a')
})
