import { expect, test } from 'vitest'
import { withoutUserinfo } from './without-userinfo.ts'

test('[LG1] names and passwords are left out of addresses', () => {
  expect(withoutUserinfo('clone https://me:secret@host/x and ssh://git@h/y')).toBe(
    'clone https://…@host/x and ssh://…@h/y',
  )
  expect(withoutUserinfo('git@host:x.git /a@b https://host/a x@y')).toBe('git@host:x.git /a@b https://host/a x@y')
})

test.each([
  ['https://u:p@ss@host/x/', 'https://…@host/x/'],
  ['https://u:p/q@host/x', 'https://…@host/x'],
  [`'https://u:p'q"@host/x': no`, `'https://…@host/x': no`],
  ['HTTPS://u:пароль?#@host/x', 'HTTPS://…@host/x'],
  ['https://@host', 'https://…@host'],
  // Rather too much than too little.
  ['https://host/x@y', 'https://…@y'],
])('[LG1] nothing of a password stays, whatever it holds: %s', (text, told) => {
  expect(withoutUserinfo(text)).toBe(told)
})
