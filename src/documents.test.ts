import { expect, test } from 'vitest'
import { loadDocuments } from './documents.ts'

test('[PG8] the README, the guides and the reference pages are served', async () => {
  const documents = await loadDocuments()
  expect(documents.get('README.md')).toMatch(/^# vivavoce\n/)
  expect(documents.get('guides/pipecat.md')).toMatch(/^# A Pipecat agent on vivavoce\n/)
  expect(documents.get('reference/errors.md')).toMatch(/^# Errors\n/)
})
