import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import {
  countCharacters,
  findElements,
  findMembers,
  findValue,
  hasRepeatedNames,
  sliceSpan,
} from '../../src/iam/json-spans.ts'

const space = fc.constantFrom(0, 1, 3, '\t')

t.test('property: the parts of an object and of an array are found where they are', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), space, (object, indentation) => {
      const text = `\n${JSON.stringify(object, undefined, indentation)} `
      const parts = findMembers(text, findValue(text)).map(({ name, value }) => [
        name,
        JSON.parse(sliceSpan(text, value)),
      ])
      return isDeepStrictEqual(parts, Object.entries(JSON.parse(text)))
    }),
  )
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), space, (array, indentation) => {
      const text = ` ${JSON.stringify(array, undefined, indentation)}\n`
      const parts = findElements(text, findValue(text)).map((span) => JSON.parse(sliceSpan(text, span)))
      return isDeepStrictEqual(parts, JSON.parse(text))
    }),
  )
})

t.test('property: white space between parts does not count', async () => {
  fc.assert(
    fc.property(fc.jsonValue(), space, (value, indentation) => {
      const text = JSON.stringify(value, undefined, indentation)
      return countCharacters(text) === JSON.stringify(value).length
    }),
  )
})

t.test('names that an object has twice are seen at any depth', async (t) => {
  for (const [text, expected] of [
    ['{"a":1,"b":{"a":1}}', false],
    ['{"a":1,"a":1}', true],
    ['{"x":[{"a":{},"\\u0061":1.0}]}', true],
    ['{"x":[1.0,1e3,-0,"{,}",true,null]}', false],
  ] as const)
    t.equal(hasRepeatedNames(text), expected, text)
})
