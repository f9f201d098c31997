import { expect, test } from 'vitest'
import { begun, completed, eventsOf, finished, submit, type OpenJobStore, batch } from './under-test.ts'

/** Texts that a database might not take, or change. */
const TEXTS: readonly string[] = [
  'plain',
  '  two  spaces\r\n\ttab ',
  'nul \0 in it',
  '\0',
  '\ud800 a lone half',
  'the other \udfff',
  '\ud83d\ude42 whole, then half \ud83d',
  'Здравей 🙂 👨‍👩‍👧‍👦 é e\u0301 \u2028\u2029 \ufeff \uffff',
  "'; drop table jobs; -- $1 \\u0000 \\ % {} []",
  '\u0001\u001b[31m\u007f\u0080',
  'Ж🙂'.repeat(350_000),
]

const METADATA: readonly string[] = [
  '{}',
  '{"z":1,"a":2,"10":"ten","9":"nine"}',
  '{"id":2512292042121000001,"p":1.10,"k":{"2":"b","1":"a"},"e":1e400,"z":-0}',
  ' { "ж 🙂" : [ null, true ],\n"" : "\\u0416" , "a":1, "a" : 2 } '.trim(),
  JSON.stringify({ 'nul \0 in a name': 'and \0 in a value', half: '\ud800', '\udc00': 1 }),
  '{"__proto__": {"a": 1}, "constructor": "c", "toString": null}',
  `{"deep": ${'['.repeat(400)}1${']'.repeat(400)}}`,
]

export function describeJobContents(open: OpenJobStore): void {
  test('[JB19] the progress of jobs is their newest event and whether they are over; what is gone is left out', async () => {
    const { store } = await open()
    const [queued, over] = [await submit(store), await submit(store)]
    await store.cancel(over.id)
    const found = await store.progress([queued.id, 'job_gone', over.id])
    expect([...found].toSorted(([a], [b]) => (a === queued.id ? -1 : b === queued.id ? 1 : 0))).toEqual([
      [queued.id, { events: 1, isOver: false }],
      [over.id, { events: 2, isOver: true }],
    ])
    expect(await store.progress([])).toEqual(new Map())
  })

  test('[JB2] any text is kept as it is, wherever it stands', async () => {
    const { store, reopen } = await open()
    const again = await reopen()
    for (const text of TEXTS) {
      const { id } = await submit(store, { prompt: text })
      const attempt = await begun(store)
      expect(attempt.job.prompt === text).toBe(true)
      await store.append(
        attempt,
        batch([
          { type: 'text', text },
          { type: 'tool', name: text.slice(0, 100), input: JSON.stringify({ text }) },
        ]),
      )
      await store.finish(attempt, {
        status: 'failed',
        output: text,
        error: text,
        commits: [{ id: 'a', subject: text, author: text, atMs: 0 }],
      })
      for (const each of [store, again]) {
        const job = await each.get(id)
        // Whole texts are too long to be shown where they differ.
        expect([job?.prompt, job?.output, job?.error, job?.commits?.[0]?.subject].map((kept) => kept === text)).toEqual(
          [true, true, true, true],
        )
        const [, , said, used] = await eventsOf(each, id)
        expect(said?.type === 'text' && said.text === text).toBe(true)
        expect(used?.type === 'tool' && used.input === JSON.stringify({ text })).toBe(true)
      }
    }
  })

  test('[JB2] an output that is empty is there', async () => {
    const { store } = await open()
    const { id } = await finished(store, {}, { status: 'completed', output: '', commits: [], costUsd: 0, exitCode: 0 })
    expect(await store.get(id)).toMatchObject({ output: '', commits: [], costUsd: 0, exitCode: 0 })
  })

  test('[JB2] metadata are kept byte for byte', async () => {
    const { store, reopen } = await open()
    const again = await reopen()
    for (const metadata of METADATA) {
      const { id, tenant } = await submit(store, { metadata })
      for (const each of [store, again]) {
        expect((await each.get(id))?.metadata).toBe(metadata)
        const { items } = await each.list(tenant, {}, { limit: 1 })
        expect(items[0]?.metadata).toBe(metadata)
      }
    }
  })

  test('[JB14] a patch is any bytes, or there is none', async () => {
    const { store, reopen } = await open()
    const again = await reopen()
    const patches = [
      Uint8Array.from([0]),
      Uint8Array.from([0xff, 0xfe, 0, 0xc3, 0x28, 0x0a]),
      Uint8Array.from({ length: 256 }, (_, byte) => byte),
      new Uint8Array(Buffer.from('diff --git a/ж b/ж\n+🙂\n')),
      new Uint8Array(3_000_000).fill(0x5c),
      new Uint8Array(0),
    ]
    for (const patch of patches) {
      const { id } = await finished(store, {}, { ...completed, patch })
      for (const each of [store, again]) {
        expect(await each.get(id)).toMatchObject({ hasPatch: true })
        const kept = await each.patch(id)
        expect(kept !== undefined && Buffer.compare(kept, patch) === 0).toBe(true)
      }
    }
    const { id } = await finished(store)
    expect(await store.get(id)).toMatchObject({ hasPatch: false })
    expect(await store.patch(id)).toBeUndefined()
  })

  test('[JB11] events are read from any point, a part at a time', async () => {
    const { store } = await open()
    const { id } = await submit(store)
    const attempt = await begun(store)
    for (let index = 0; index < 10; index++) {
      const texts = Array.from({ length: 5 }, (_, part) => ({ type: 'text' as const, text: `${index}.${part}` }))
      expect(await store.append(attempt, batch(texts))).toBe(true)
    }
    const all = await eventsOf(store, id)
    expect(all).toHaveLength(52)
    const [, , first] = all
    expect(first).toStrictEqual({ type: 'text', text: '0.0', sequence: 3, atMs: expect.any(Number) })
    expect(await store.events(id, { after: 0, limit: 3 })).toEqual(all.slice(0, 3))
    expect(await store.events(id, { after: 3, limit: 2 })).toEqual(all.slice(3, 5))
    expect(await store.events(id, { after: 50, limit: 10 })).toEqual(all.slice(50))
    expect(await store.events(id, { after: 52, limit: 10 })).toEqual([])
    expect(await store.events(id, { after: Number.MAX_SAFE_INTEGER, limit: 10 })).toEqual([])
  })

  test('[JB11] events that are written at once are numbered without a gap', async () => {
    const { store } = await open()
    const { id } = await submit(store)
    const attempt = await begun(store)
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.append(attempt, batch([{ type: 'text', text: String(index) }]))),
    )
    const texts = (await eventsOf(store, id)).flatMap((event) => (event.type === 'text' ? [Number(event.text)] : []))
    expect(texts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })
}
