/** What was tried so far, told where time runs out. */
export interface Trail {
  /** Notes what begins: completes "while …". */
  begin(step: string): void
  /** Notes one attempt at a host; its outcome is to be told. */
  attempt(host: string): (outcome: string) => void
  describe(): string
}

interface Attempt {
  readonly host: string
  outcome: string
}

/** Makes an empty trail. */
export function createTrail(): Trail {
  let step = 'starting'
  let attempts: Attempt[] = []
  return {
    begin(nextStep) {
      step = nextStep
      attempts = []
    },
    attempt(host) {
      const attempt: Attempt = { host, outcome: 'no answer yet' }
      attempts.push(attempt)
      return (outcome) => {
        attempt.outcome = outcome
      }
    },
    describe() {
      const tried = attempts.map(({ host, outcome }) => `${host}: ${outcome}`)
      return tried.length === 0 ? `while ${step}` : `while ${step} (${tried.join('; ')})`
    },
  }
}
