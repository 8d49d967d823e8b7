-- nginx with lua-nginx-module: lets a request through whose cookie is signed, as express-session signs it,
-- and whose session in Redis, as connect-redis stores it, has a user.
local ffi = require("ffi")
local json = require("cjson")
local redis = require("nginx.redis")

-- nginx is linked with libcrypto. Names of our own: other modules may have declared its functions, too.
ffi.cdef [[
  void *bench_context(void) __asm__("HMAC_CTX_new");
  const void *bench_sha256(void) __asm__("EVP_sha256");
  int bench_begin(void *, const void *, int, const void *, void *) __asm__("HMAC_Init_ex");
  int bench_add(void *, const char *, size_t) __asm__("HMAC_Update");
  int bench_end(void *, char *, unsigned *) __asm__("HMAC_Final");
]]

-- A function from a sid to its signature. The key is given once, as vestibule does it.
local function signer(secret)
  local context, mac = ffi.C.bench_context(), ffi.new("char[32]")
  ffi.C.bench_begin(context, secret, #secret, ffi.C.bench_sha256(), nil)
  return function(sid)
    ffi.C.bench_begin(context, nil, 0, nil, nil)
    ffi.C.bench_add(context, sid, #sid)
    ffi.C.bench_end(context, mac, nil)
    return ngx.encode_base64(ffi.string(mac, 32), true)
  end
end

local function sid_of(value, sign)
  local sid, mac = ngx.unescape_uri(value):match("^s:(.*)%.([^.]*)$")
  return sid and mac == sign(sid) and sid
end

-- The text of a session, or ngx.null; nothing where Redis does not answer.
local function fetch(socket, sid)
  local store = redis:new()
  store:set_timeout(5000)
  local connected, problem = store:connect("unix:" .. socket)
  if not connected then
    return nil, problem
  end
  local text, failure = store:get("sess:" .. sid)
  if text then
    store:set_keepalive(600000, 1024)
  end
  return text, failure
end

local function user_of(text)
  local whole, session = pcall(json.decode, text)
  local user = whole and type(session) == "table" and session.user
  return type(user) == "table" and user.id
end

return function(cookie, secret, socket)
  local sign, variable = signer(secret), "cookie_" .. cookie
  return function()
    local value = ngx.var[variable]
    local sid = value and sid_of(value, sign)
    if not sid then
      return ngx.exit(401)
    end
    local text, problem = fetch(socket, sid)
    if not text then
      ngx.log(ngx.ERR, problem)
      return ngx.exit(503)
    end
    local user = text ~= ngx.null and user_of(text)
    if not user then
      return ngx.exit(401)
    end
    ngx.var.session_user = user
  end
end
