import { readFileSync } from 'node:fs'
import t from 'tap'
import { drawPicture } from '../../scripts/picture.ts'

const read = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')

t.test('docs/picture.svg is what docs/picture.txt says', async (t) => {
  t.equal(drawPicture(read('picture.txt')), read('picture.svg'))
})

t.test('text is escaped, and said to those who see no picture', async (t) => {
  const picture = drawPicture('a: A & B | <x>\nb: "C"\na -> b: to & fro\n')
  t.match(picture, /aria-label="A &amp; B to &quot;C&quot;: to &amp; fro"/)
  t.match(picture, />&lt;x></)
})

t.test('a line that says nothing is named', async (t) => {
  t.throws(() => drawPicture('a\n'), { message: 'no box and no arrow: a' })
  t.throws(() => drawPicture('a: A\na -> c: x\n'), {
    message: /^an arrow between boxes that are not there: a -> c/,
  })
})
