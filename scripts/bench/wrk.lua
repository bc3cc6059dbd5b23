-- Pings heartbeats in turn. The environment holds what wrk has no options for:
-- BENCH_ADDRS, HOST:PORT,… that the threads are spread over; BENCH_TOKENS, a file.
local addrs, n = {}, 0
for host, port in string.gmatch(os.getenv("BENCH_ADDRS"), "([^:,]+):(%d+)") do
  table.insert(addrs, { host, port })
end

function setup(thread)
  local a = addrs[n % #addrs + 1]
  thread.addr = wrk.lookup(a[1], a[2])[1]
  thread:set("start", n * 7919)
  n = n + 1
end

function init()
  requests, at = {}, start
  for token in io.lines(os.getenv("BENCH_TOKENS")) do
    table.insert(requests, wrk.format("POST", "/v1/heartbeats/" .. token .. "/ping", { ["Content-Length"] = "0" }))
  end
end

function request()
  at = at + 1
  return requests[at % #requests + 1]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests":%d,"us":%d,"failed":%d,"bad":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
