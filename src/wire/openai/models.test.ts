import { expect, test } from 'vitest'
import { encodeModel, encodeModelList } from './models.ts'

test('[MD1] [R1] a model is an object of OpenAI’s form', () => {
  expect(encodeModel('agent/haiku', { created: 5 })).toStrictEqual({
    id: 'agent/haiku',
    object: 'model',
    created: 5,
    owned_by: 'vivavoce',
  })
})

test('[MD1] [R1] a list holds the models in order', () => {
  expect(encodeModelList(['b', 'a'], { created: 5 })).toStrictEqual({
    object: 'list',
    data: [
      { id: 'b', object: 'model', created: 5, owned_by: 'vivavoce' },
      { id: 'a', object: 'model', created: 5, owned_by: 'vivavoce' },
    ],
  })
  expect(encodeModelList([], { created: 5 })).toStrictEqual({ object: 'list', data: [] })
})
