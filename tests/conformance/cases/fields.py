"""Hygiene: what ends at the proxy, what only it may say, and fields that may stand once."""
from case import Seen, chunks, get, passes, post, refused, theme


def gone(name, *lines, fields=(), **more):
    """The request passes without these lines."""
    return passes(name, get(*lines, **more), Seen(fields=list(fields)))


HOP_BY_HOP = theme(
    "Hop-by-hop fields",
    gone("Connection: keep-alive", "Connection: keep-alive"),
    gone("Keep-Alive", "Keep-Alive: timeout=5, max=1000"),
    gone("Proxy-Connection", "Proxy-Connection: keep-alive"),
    gone("Proxy-Connection: close is not obeyed", "Proxy-Connection: close"),
    gone("Proxy-Authorization", "Proxy-Authorization: Basic YTpi"),
    gone("TE: gzip", "TE: gzip"),
    gone("TE: trailers;q=0.5, gzip", "TE: gzip;q=0.5, deflate"),
    gone("TE: chunked", "TE: chunked"),
    gone("Trailer", "Trailer: X-Sum"),
    gone("Upgrade without nomination", "Upgrade: websocket"),
    gone("HTTP2-Settings without upgrade", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    gone("a nominated field", "Connection: X-Hop", "X-Hop: 1"),
    gone("nominated behind it", "X-Hop: 1", "Connection: X-Hop"),
    gone("nominated in another case", "Connection: x-HOP", "X-Hop: 1"),
    gone("nominated among others", "Connection: keep-alive,  X-Hop\t, X-Other", "X-Hop: 1"),
    gone("nominated in a second line", "Connection: keep-alive", "Connection: X-Hop", "X-Hop: 1"),
    gone("nominated behind an empty item", "Connection: ,, X-Hop", "X-Hop: 1"),
    gone("a field whose name begins like a nominated one", "Connection: X-Hop", "X-Hop-Not: 1",
         fields=[("X-Hop-Not", "1")]),
    gone("nomination of itself", "Connection: Connection"),
    gone("Host nominated", "Connection: Host"),
    gone("Cookie nominated", "Connection: Cookie", "Cookie: a=b", fields=[("Cookie", "a=b")]),
    passes("Content-Length nominated", post("Connection: Content-Length", "Content-Length: 3", body="abc"),
           Seen("POST", body="abc")),
    passes("Transfer-Encoding nominated", chunks("3\r\nabc\r\n0\r\n\r\n", "Connection: Transfer-Encoding"),
           Seen("POST", body="abc")),
    passes("X-Forwarded-For nominated", get("Connection: X-Forwarded-For", "X-Forwarded-For: 192.0.2.1")),
    passes("close is obeyed", get("Connection: close"), closes=True),
    passes("close in upper case", get("Connection: CLOSE"), closes=True),
    passes("close among others", get("Connection: X-Hop, close"), closes=True),
    passes("close in a second line", get("Connection: keep-alive", "Connection: close"), closes=True),
    passes("closed is not close", get("Connection: closed")),
    passes("close in quotes is not close", get('Connection: "close"')),
    passes("TE: trailers passes", get("TE: trailers", "Connection: TE"),
           Seen(fields=[("TE", "trailers"), ("Connection", "TE")])),
)

IDENTITY = theme(
    "Who somebody is",
    gone("session header", "X-Session-User: admin"),
    gone("in small letters", "x-session-user: admin"),
    gone("with underscores", "X_Session_User: admin"),
    gone("with one underscore", "X-Session_User: admin"),
    gone("with dots", "X.Session.User: admin"),
    gone("with plus signs", "X+Session+User: admin"),
    gone("with tildes and stars", "X~Session*User: admin"),
    gone("twice", "X-Session-User: admin", "X-Session-User: root"),
    gone("in two spellings", "X-Session-User: admin", "X_SESSION_USER: root"),
    gone("empty", "X-Session-User:"),
    gone("nominated", "Connection: X-Session-User", "X-Session-User: admin"),
    gone("state", "X-Session-State: active"),
    gone("handle", "X-Session-Id: abcdefghijklmnopqrstuv"),
    gone("assertion", "X-Session-Assertion: e30.e30.e30"),
    gone("control header", 'X-Session-Patch: {"user":1}'),
    gone("longer names are others", "X-Session-Users: 1", fields=[("X-Session-Users", "1")]),
    gone("httpoxy", "Proxy: http://evil.test/"),
    gone("X-Forwarded-For of a stranger", "X-Forwarded-For: 192.0.2.1"),
    gone("X-Forwarded-Proto of a stranger", "X-Forwarded-Proto: https"),
    gone("X-Forwarded-Host of a stranger", "X-Forwarded-Host: evil.test"),
    gone("Forwarded of a stranger", "Forwarded: for=192.0.2.1;host=evil.test;proto=https"),
    gone("X-Forwarded-Prefix of a stranger", "X-Forwarded-Prefix: /assets"),
    gone("X-Forwarded-Ssl of a stranger", "X_FORWARDED_SSL: on"),
    gone("X-Real-IP of a stranger", "X-Real-IP: 192.0.2.1"),
    gone("Client-IP of a stranger", "Client_Ip: 192.0.2.1"),
    gone("another path for gunicorn", "SCRIPT_NAME: /off"),
    gone("another path for Flask", "X-Script-Name: /off"),
    gone("another path for Symfony", "X-Original-URL: /account"),
    gone("another path for IIS", "X-Rewrite-URL: /account"),
    gone("PATH_INFO", "Path-Info: /account"),
    gone("X_Forwarded_For", "X_Forwarded_For: 192.0.2.1"),
    gone("X.Forwarded.Proto", "X.Forwarded.Proto: https"),
    gone("X-Request-Id in CGI spelling", "X_Request_Id: evil"),
    gone("traceparent twice", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Traceparent: x"),
    gone("the session cookie", "Cookie: sid=s%3Aabc.def"),
    gone("the session cookie among others", "Cookie: a=1; sid=s%3Aabc.def; b=2", fields=[("Cookie", "a=1; b=2")]),
    gone("the session cookie in a second line", "Cookie: a=1", "Cookie: sid=s%3Aabc.def", fields=[("Cookie", "a=1")]),
    gone("cookies in two lines become one", "Cookie: a=1", "Cookie: b=2", fields=[("Cookie", "a=1; b=2")]),
    gone("Content_Length", "Content_Length: 5"),
    gone("Transfer_Encoding", "Transfer_Encoding: chunked"),
    passes("set once on a route with a session",
           get("X_Session_State: active", "X-Session-State: active", target="/issue/"),
           Seen(target="/issue/", fields=None)),
)


def twice(name, first, second=None):
    return refused(f"{name} twice", get(first, second or first))


ONCE = theme(
    "Fields that may stand once",
    twice("Authorization", "Authorization: Basic YTpi", "Authorization: Basic Yzpk"),
    twice("Authorization, equal", "Authorization: Basic YTpi"),
    twice("Authorization in another case", "Authorization: Basic YTpi", "AUTHORIZATION: Basic Yzpk"),
    refused("Content-Type twice", post("Content-Type: text/plain", "Content-Type: text/html", "Content-Length: 0")),
    refused("Content-Type, equal, twice",
            post("Content-Type: text/plain", "content-type: text/plain", "Content-Length: 0")),
    twice("Content-Range", "Content-Range: bytes 0-1/2"),
    passes("others pass as sloppy clients send them", get("User-Agent: a", "User-Agent: b", "Referer: c", "Referer: d"),
           Seen(fields=[("User-Agent", "a"), ("User-Agent", "b"), ("Referer", "c"), ("Referer", "d")])),
    passes("lists in two lines pass", get("Accept: a/b", "Accept: c/d", "Via: 1.1 a", "Via: 1.1 b"),
           Seen(fields=[("Accept", "a/b"), ("Accept", "c/d"), ("Via", "1.1 a"), ("Via", "1.1 b")])),
    passes("Cache-Control in two lines passes", get("Cache-Control: no-cache", "Cache-Control: no-store"),
           Seen(fields=[("Cache-Control", "no-cache"), ("Cache-Control", "no-store")])),
    passes("unknown ones in two lines pass", get("X-A: 1", "X-A: 2"), Seen(fields=[("X-A", "1"), ("X-A", "2")])),
)

CASES = HOP_BY_HOP + IDENTITY + ONCE
