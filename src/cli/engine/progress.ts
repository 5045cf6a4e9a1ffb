import { type CommandIo, isColorful } from './command.ts'

/** Tells on stderr what long work is about. */
export interface Progress {
  /** What is being done now, in a few words; ends what was told before. */
  begin(text: string): void
  /** Ends what was told last, so that other text may follow. */
  end(): void
}

/** Does `work` while its text is told. */
export async function showProgress<Result>(
  io: Pick<CommandIo, 'stderr' | 'env'>,
  text: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const progress = createProgress(io)
  progress.begin(text)
  try {
    return await work()
  } finally {
    progress.end()
  }
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 100
const ERASE_LINE = '\r\u001b[K'

/** A spinner that leaves nothing behind on a terminal; nothing elsewhere, where what was done is told at its end. */
export function createProgress({ stderr, env }: Pick<CommandIo, 'stderr' | 'env'>): Progress {
  if (!isColorful(stderr, env)) return { begin() {}, end() {} }
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    if (timer === undefined) return
    clearInterval(timer)
    timer = undefined
    stderr.write(ERASE_LINE)
  }
  return {
    begin(text) {
      end()
      let frame = 0
      // A line that wrapped could not be erased.
      const shown = text.slice(0, (stderr.columns ?? 80) - 3)
      const draw = () => stderr.write(`${ERASE_LINE}${FRAMES[frame++ % FRAMES.length]} ${shown}`)
      draw()
      timer = setInterval(draw, FRAME_MS).unref()
    },
    end,
  }
}
