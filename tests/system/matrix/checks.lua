-- wrk: one check of test_matrix.py, many times. Arguments: check, cookie. What is wrong is printed as WRONG.
local body = string.rep("b", 100000)
local large = string.rep("0123456789abcdef", 262144)
local function chunked(text)
  return string.format("%x\r\n%s\r\n0\r\n\r\n", #text, text)
end
local checks = {
  get = { "GET", "/hello", "", "", 200, "hello" },
  post_length = { "POST", "/size?is=100000", "Content-Length: 100000\r\n", body, 200, "100000" },
  post_chunked = { "POST", "/size?is=100000", "Transfer-Encoding: chunked\r\n", chunked(body), 200, "100000" },
  keep_alive = { "GET", "/hello", "Connection: keep-alive\r\n", "", 200, "hello" },
  no_content = { "GET", "/none", "", "", 204, "" },
  not_modified = { "GET", "/same", "If-None-Match: \"x\"\r\n", "", 304, "" },
  large = { "GET", "/large", "", "", 200, large },
  session = { "GET", "/user", "Cookie: COOKIE\r\n", "", 200, "u1" },
}
local check, text

init = function(args)
  check = checks[args[1]]
  local fields = check[3]:gsub("COOKIE", (args[2]:gsub("%%", "%%%%")))
  text = check[1] .. " " .. check[2] .. " HTTP/1.1\r\nHost: app.example.test\r\n" .. fields .. "\r\n" .. check[4]
end

request = function() return text end

response = function(status, headers, got)
  if status ~= check[5] or got ~= check[6] then print("WRONG", status, #got, got:sub(1, 200)) end
end
