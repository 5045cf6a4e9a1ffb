-- POSTs the file named after `--`, and prints a LoadResult (load.ts) as the last line.
function init(arguments)
  local file = assert(io.open(arguments[1], 'rb'))
  wrk.method = 'POST'
  wrk.headers['Content-Type'] = 'application/json'
  wrk.body = file:read('*a')
  file:close()
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"seconds":%.6f,"p50Milliseconds":%.3f,"p99Milliseconds":%.3f,"maxMilliseconds":%.3f,' ..
    '"badStatuses":%d,"socketErrors":%d}',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
