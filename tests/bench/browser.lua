-- wrk: what browsers with sessions send. Arguments: a file with a request, and one with what stands for its
-- <cookie>, a line each. The requests are made before the clock starts; one after the other is sent.
--
-- With a third argument each thread, which then has one connection, sends so many requests per second:
-- not when an answer has arrived, but when their time has come, after pauses of random length.
local requests = {}
local at = 0
local pause = function() end
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

-- wrk's own pauses are of whole milliseconds. It reads the clock for the latency after request().
local function pacer(rate)
  local ffi = require("ffi")
  ffi.cdef [[
    typedef struct { long s, ns; } bench_time;
    int clock_gettime(int, bench_time *);
    int clock_nanosleep(int, int, const bench_time *, bench_time *);
    int prctl(int, unsigned long);
  ]]
  local PR_SET_TIMERSLACK, MONOTONIC, ABSOLUTE = 29, 1, 1
  ffi.C.prctl(PR_SET_TIMERSLACK, 1)  -- threads that are begun later inherit it
  math.randomseed(number)
  local time, due = ffi.new("bench_time")
  return function()
    ffi.C.clock_gettime(MONOTONIC, time)
    local now = tonumber(time.s) + tonumber(time.ns) / 1e9
    due = (due or now) - math.log(1 - math.random()) / rate
    if due > now then
      time.s, time.ns = math.floor(due), due % 1 * 1e9
      ffi.C.clock_nanosleep(MONOTONIC, ABSOLUTE, time, nil)
    end
  end
end

function init(arguments)
  local before, behind = io.open(arguments[1], "rb"):read("*a"):match("^(.*)<cookie>(.*)$")
  for cookie in io.lines(arguments[2]) do
    requests[#requests + 1] = before .. cookie .. behind
  end
  if arguments[3] then
    pause = pacer(tonumber(arguments[3]))
  end
end

function request()
  pause()
  at = at % #requests + 1
  return requests[at]
end
