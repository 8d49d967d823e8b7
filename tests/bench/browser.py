"""What a browser with a session sends."""
from harness.wire import request_text

COOKIE = "bench.sid"

# With a page load. The cookie stands in the middle: LuaJIT, in wrk, tells strings apart by four bytes at the
# begin, at a quarter, in the middle and at the end, and is slow where those of many are the same.
FIELDS = {
    "Host": "shop.example.test",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Cookie": "<cookie>",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Referer": "https://shop.example.test/catalogue?page=2",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Priority": "u=0, i",
}


def cookie_line(cookie):
    """Ours among others; None: those others alone."""
    return f"theme=dark; {COOKIE}={cookie}; locale=en-GB" if cookie else "theme=dark; locale=en-GB"


def fields(cookie):
    return {**FIELDS, "Cookie": cookie_line(cookie)}


def request(target, cookie):
    return request_text("GET", target, fields(cookie))
