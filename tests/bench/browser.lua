-- wrk: what browsers with sessions send. Arguments: a file with a request, and one with what stands for its
-- <cookie>, a line each. The requests are made before the clock starts; one after the other is sent.
local requests = {}
local at = 0

function init(arguments)
  local before, behind = io.open(arguments[1], "rb"):read("*a"):match("^(.*)<cookie>(.*)$")
  for cookie in io.lines(arguments[2]) do
    requests[#requests + 1] = before .. cookie .. behind
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
