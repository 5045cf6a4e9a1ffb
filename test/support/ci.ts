/** Whether this is CI, where a test that lacks what it needs fails: elsewhere it is skipped. */
export const isCi = !['', '0', 'false'].includes(process.env['CI'] ?? '')
