-- wrk: what browsers with sessions send. Arguments: the target, and a file with one cookie a line. The
-- requests are made before the clock starts; one after the other is sent.
local requests = {}
local at = 0

function init(arguments)
  local headers = {}
  for line in io.lines(arguments[2]) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  for cookie in io.lines(arguments[3]) do
    headers["Cookie"] = cookie
    requests[#requests + 1] = wrk.format("GET", arguments[1], headers)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
