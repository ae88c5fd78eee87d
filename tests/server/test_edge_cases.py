"""Requests at the edge of HTTP/1.1, each sent whole and byte by byte, on both event loops: served as meant, or refused.

The cases are those that the public test suites of [llhttp](https://github.com/nodejs/llhttp/tree/main/test/request)
(Node's parser, and ours), [Node](https://github.com/nodejs/node/tree/main/test/parallel),
[h11](https://github.com/python-hyper/h11/tree/master/h11/tests) and
[HAProxy](https://github.com/haproxy/haproxy/tree/master/reg-tests/http-messaging) try on a server, and those by which
requests are smuggled. The verdict is ours. After each case the same connection brings one more request, which closes
it: whatever a case hides, nobody may answer it.
"""

import asyncio
from typing import cast

import pytest
from fuzz.targets.connection import one as cut_anyhow
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from tests.server.loops import LOOPS, run, serving

LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HOST = "Host: a\r\n"
CHUNKED = f"POST /c HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n"
POST = f"POST /p HTTP/1.1\r\n{HOST}"

Seen = list[tuple[str, str, bytes]]


def get(path: str, method: str = "GET") -> tuple[str, str, bytes]:
    return method, path, b""


SERVED: dict[str, tuple[str, Seen]] = {
    # llhttp: sample, method, uri
    "curl's GET": (
        "GET /test HTTP/1.1\r\nUser-Agent: curl/7.18.0\r\nHost: 0.0.0.0=5000\r\nAccept: */*\r\n\r\n",
        [get("/test")],
    ),
    "no headers": ("GET /a HTTP/1.1\r\n\r\n", [get("/a")]),
    "a value that looks like a word of HTTP": ("GET /a HTTP/1.1\r\nConnection-Type: close\r\n\r\n", [get("/a")]),
    "a method that begins like a version": (f"HEAD /a HTTP/1.1\r\n{HOST}\r\n", [get("/a", "HEAD")]),
    "a query of question marks": (f"GET /a?b=?c? HTTP/1.1\r\n{HOST}\r\n", [get("/a")]),
    "quotes in a query": (f'GET /a?b="c" HTTP/1.1\r\n{HOST}\r\n', [get("/a")]),
    "a bar in a query": (f"GET /a?b=|c| HTTP/1.1\r\n{HOST}\r\n", [get("/a")]),
    "a fragment": (f"GET /a#b HTTP/1.1\r\n{HOST}\r\n", [get("/a")]),
    "a fragment behind a query": (f"GET /a?b#c HTTP/1.1\r\n{HOST}\r\n", [get("/a")]),
    "an absolute target": (f"GET http://a/b HTTP/1.1\r\n{HOST}\r\n", [get("/b")]),
    "an absolute target in capitals": (f"GET HTTP://A/b HTTP/1.1\r\n{HOST}\r\n", [get("/b")]),
    "an absolute target with a fragment": (f"GET http://a/b#c HTTP/1.1\r\n{HOST}\r\n", [get("/b")]),
    "an absolute target of numbers": (f"GET http://[::1]:80/b HTTP/1.1\r\n{HOST}\r\n", [get("/b")]),
    "an absolute target without a path": (f"OPTIONS http://a.example HTTP/1.1\r\n{HOST}\r\n", [get("/", "OPTIONS")]),
    "a host that a query ends": (f"GET http://a.example?b=c HTTP/1.1\r\n{HOST}\r\n", [get("/")]),
    "a user and a port": (f"GET http://a%12:b!&*$@c.example:1234/d HTTP/1.1\r\n{HOST}\r\n", [get("/d")]),
    "a star": (f"OPTIONS * HTTP/1.1\r\n{HOST}\r\n", [get("*", "OPTIONS")]),
    "a star that a GET asks for": (f"GET * HTTP/1.1\r\n{HOST}\r\n", [get("*")]),
    "two spaces after the method": (f"GET  /a HTTP/1.1\r\n{HOST}\r\n", [get("/a")]),
    "two spaces after the target": (f"GET /a  HTTP/1.1\r\n{HOST}\r\n", [get("/a")]),
    "dots in a path": (f"GET /../a/./b HTTP/1.1\r\n{HOST}\r\n", [get("/../a/./b")]),
    "a path that looks like a host": (f"GET //b/c HTTP/1.1\r\n{HOST}\r\n", [get("//b/c")]),
    **{
        f"the method {method}": (f"{method} /a HTTP/1.1\r\n{HOST}\r\n", [get("/a", method)])
        for method in (
            "DELETE",
            "OPTIONS",
            "PUT",
            "UNLINK",
            "SOURCE",
            "PATCH",
            "PURGE",
            "SEARCH",
            "M-SEARCH",
            "REPORT",
            "LINK",
            "QUERY",
            "TRACE",
        )
    },
    # connections, as llhttp and HAProxy (h1_to_h1) try them
    "line ends between requests": (f"GET /a HTTP/1.1\r\n{HOST}\r\n\r\n\r\n", [get("/a")]),
    "line ends before a request": (f"\r\n\r\nGET /a HTTP/1.1\r\n{HOST}\r\n", [get("/a")]),
    "keep-alive, said": (f"GET /a HTTP/1.1\r\n{HOST}Connection: keep-alive\r\n\r\n", [get("/a")]),
    "words that are not close": (f"GET /a HTTP/1.1\r\n{HOST}Connection: closed, keep\r\n\r\n", [get("/a")]),
    "an expectation nobody knows": (f"{POST}Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", [("POST", "/p", b"a")]),
    "an expectation without a body": (f"GET /a HTTP/1.1\r\n{HOST}Expect: 100-continue\r\n\r\n", [get("/a")]),
    "two requests at once": (f"GET /a HTTP/1.1\r\n{HOST}\r\nGET /b HTTP/1.1\r\n{HOST}\r\n", [get("/a"), get("/b")]),
    "a GET with a body": (
        f"GET /a HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n{HOST}\r\n",
        [("GET", "/a", b"abc"), get("/b")],
    ),
    "a HEAD with a body": (f"HEAD /a HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\r\nabc", [("HEAD", "/a", b"abc")]),
    "a GET that tells an empty body": (f"GET /a HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n", [get("/a")]),
    "a POST without a body": (f"{POST}\r\n", [get("/p", "POST")]),
    "an upgrade of a GET": (f"GET /a HTTP/1.1\r\n{HOST}Connection: Upgrade\r\nUpgrade: b\r\n\r\n", [get("/a")]),
    "an upgrade of a POST": (
        f"{POST}Connection: Upgrade\r\nUpgrade: b\r\nContent-Length: 3\r\n\r\nabc",
        [("POST", "/p", b"abc")],
    ),
    "an upgrade to HTTP/2": (
        f"GET /a HTTP/1.1\r\n{HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\n\r\n",
        [get("/a")],
    ),
    "an upgrade that is not asked for": (f"GET /a HTTP/1.1\r\n{HOST}Upgrade: b\r\n\r\n", [get("/a")]),
    "an upgrade of chunks": (
        f"{CHUNKED}Connection: Upgrade\r\nUpgrade: b\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
        [("POST", "/c", b"a")],
    ),
    # llhttp: content-length, invalid; h11: test_io
    "a length with noughts": (f"{POST}Content-Length: 003\r\n\r\nabc", [("POST", "/p", b"abc")]),
    "a length in odd capitals": (f"{POST}conTENT-Length: 3\r\n\r\nabc", [("POST", "/p", b"abc")]),
    "a length, and a coding with an underscore": (
        f"{POST}Content-Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n0\r\n\r\n",
        [("POST", "/p", b"0\r\n\r\n")],
    ),
    "a length, and a coding of another name": (
        f"{POST}Content-Length: 5\r\nX-Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        [("POST", "/p", b"0\r\n\r\n")],
    ),
    "a length between spaces": (f"{POST}Content-Length:  3  \r\n\r\nabc", [("POST", "/p", b"abc")]),
    "a length between tabs": (f"{POST}Content-Length:\t3\t\r\n\r\nabc", [("POST", "/p", b"abc")]),
    "a length, and other headers": (f"{POST}Content-Length: 3\r\nX: y\r\n\r\nabc", [("POST", "/p", b"abc")]),
    "a value of nothing": (f"GET /a HTTP/1.1\r\n{HOST}X:\r\n\r\n", [get("/a")]),
    "a value of spaces": (f"GET /a HTTP/1.1\r\n{HOST}X: \t \r\n\r\n", [get("/a")]),
    "a value with spaces in it": (f"GET /a HTTP/1.1\r\n{HOST}X: b  c \t d\r\n\r\n", [get("/a")]),
    "a value that is not ASCII": (f"GET /a HTTP/1.1\r\n{HOST}X: \xe9\xff\r\n\r\n", [get("/a")]),
    "all letters of a name": (f"GET /a HTTP/1.1\r\n{HOST}!#$%&'*+-.^_`|~9aZ: b\r\n\r\n", [get("/a")]),
    # llhttp: transfer-encoding; h11: ChunkedReader; HAProxy: http_transfer_encoding, drop_trailers
    "chunks": (f"{CHUNKED}\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", [("POST", "/c", b"abcde")]),
    "chunked in capitals": (f"{CHUNKED.replace('chunked', 'CHUNKED')}\r\n1\r\na\r\n0\r\n\r\n", [("POST", "/c", b"a")]),
    "chunked and a space": (f"{CHUNKED.replace('chunked', 'chunked ')}\r\n1\r\na\r\n0\r\n\r\n", [("POST", "/c", b"a")]),
    "chunks of who takes trailers": (f"{CHUNKED}TE: trailers, gzip\r\n\r\n0\r\n\r\n", [("POST", "/c", b"")]),
    "sizes in capitals": (f"{CHUNKED}\r\nA\r\n0123456789\r\n0\r\n\r\n", [("POST", "/c", b"0123456789")]),
    "sizes in small letters": (f"{CHUNKED}\r\na\r\n0123456789\r\n0\r\n\r\n", [("POST", "/c", b"0123456789")]),
    "a size with noughts": (f"{CHUNKED}\r\n0003\r\nabc\r\n000\r\n\r\n", [("POST", "/c", b"abc")]),
    "no chunk but the last": (f"{CHUNKED}\r\n0\r\n\r\n", [("POST", "/c", b"")]),
    "an extension": (f"{CHUNKED}\r\n3;a=b\r\nabc\r\n0;c\r\n\r\n", [("POST", "/c", b"abc")]),
    "an extension in quotes": (f'{CHUNKED}\r\n3;a="b;c";d\r\nabc\r\n0\r\n\r\n', [("POST", "/c", b"abc")]),
    "an extension with quotes in quotes": (
        f'{CHUNKED}\r\n3;a="b \\"c\\"; \\\\d\\\\";e=f\r\nabc\r\n0\r\n\r\n',
        [("POST", "/c", b"abc")],
    ),
    "trailers": (f"{CHUNKED}\r\n1\r\na\r\n0\r\nX: y\r\nZ: \r\n\r\n", [("POST", "/c", b"a")]),
    "trailers that would be somebody else": (
        f"{CHUNKED}\r\n1\r\na\r\n0\r\nHost: b\r\nAuthorization: c\r\n\r\n",
        [("POST", "/c", b"a")],
    ),
    "an upgrade in a trailer": (
        f"{CHUNKED}\r\n1\r\na\r\n0\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n",
        [("POST", "/c", b"a")],
    ),
    "a length in a trailer": (f"{CHUNKED}\r\n1\r\na\r\n0\r\nX-Length: 4\r\n\r\n", [("POST", "/c", b"a")]),
    "a line's end as a chunk": (f"{CHUNKED}\r\n2\r\n\r\n\r\n0\r\n\r\n", [("POST", "/c", b"\r\n")]),
    "a request as a chunk": (f"{CHUNKED}\r\n{len(LAST):x}\r\n{LAST.decode()}\r\n0\r\n\r\n", [("POST", "/c", LAST)]),
}

ENDS: dict[str, tuple[str, Seen]] = {
    # after these, nothing is served any more
    "close": (f"GET /a HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n", [get("/a")]),
    "close and a tab": (f"GET /a HTTP/1.1\r\n{HOST}Connection: close\t\r\n\r\n", [get("/a")]),
    "close among other words": (f"GET /a HTTP/1.1\r\n{HOST}Connection: x, close\r\n\r\n", [get("/a")]),
    "close in capitals": (f"GET /a HTTP/1.1\r\n{HOST}Connection: CLOSE\r\n\r\n", [get("/a")]),
    "close before its opposite": (f"GET /a HTTP/1.1\r\n{HOST}Connection: close, x, keep-alive\r\n\r\n", [get("/a")]),
    "close, and its opposite in another header": (
        f"GET /a HTTP/1.1\r\n{HOST}Connection: close\r\nConnection: keep-alive\r\n\r\n",
        [get("/a")],
    ),
    "close and an upgrade": (f"GET /a HTTP/1.1\r\n{HOST}Connection: close, upgrade\r\nUpgrade: b\r\n\r\n", [get("/a")]),
    "close as it is said to proxies": (f"GET /a HTTP/1.1\r\n{HOST}Proxy-Connection: close\r\n\r\n", [get("/a")]),
    "close, and what is no request": (f"GET /a HTTP/1.1\r\n{HOST}Connection: close\r\n\r\ntxys not sent", [get("/a")]),
    "HTTP/1.0": (f"GET /a HTTP/1.0\r\n{HOST}\r\n", [get("/a")]),
    "HTTP/1.0 that would be kept alive": (f"GET /a HTTP/1.0\r\n{HOST}Connection: keep-alive\r\n\r\n", [get("/a")]),
    "HTTP/1.0 in chunks": (f"{CHUNKED.replace('1.1', '1.0')}\r\n1\r\na\r\n0\r\n\r\n", [("POST", "/c", b"a")]),
    "HTTP/1.0 with a length": (f"{POST.replace('1.1', '1.0')}Content-Length: 3\r\n\r\nabc", [("POST", "/p", b"abc")]),
    "HTTP/1.0 that cannot wait to be told to send": (
        f"{POST.replace('1.1', '1.0')}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        [("POST", "/p", b"abc")],
    ),
    "HTTP/1.0 with an upgrade": (
        f"GET /a HTTP/1.0\r\n{HOST}Connection: upgrade\r\nUpgrade: b\r\n\r\n",
        [get("/a")],
    ),
    "close in a trailer": (f"{CHUNKED}\r\n1\r\na\r\n0\r\nConnection: close\r\n\r\n", [("POST", "/c", b"a")]),
}

REFUSED: dict[str, tuple[str, int]] = {
    # where a body ends
    "a length and chunks": (f"{CHUNKED}Content-Length: 31\r\n\r\n0\r\n\r\n", 400),
    "chunks and a length": (f"{POST}Content-Length: 31\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a length and identity": (f"{POST}Content-Length: 1\r\nTransfer-Encoding: identity\r\n\r\na", 400),
    "two lengths": (f"{POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a length and a comma": (f"{POST}Content-Length: 0,\r\n\r\n", 400),
    "a length and a semicolon": (f"{POST}Content-Length: 1;\r\n\r\na", 400),
    "a length with a point": (f"{POST}Content-Length: 1.0\r\n\r\na", 400),
    "a length in quotes": (f'{POST}Content-Length: "1"\r\n\r\na', 400),
    "a length and a vertical tab": (f"{POST}Content-Length: 1\x0b\r\n\r\na", 400),
    "a length in digits that are not ASCII": (f"{POST}Content-Length: \xb3\r\n\r\nabc", 400),
    "a length of one more than can be counted": (f"{POST}Content-Length: 18446744073709551616\r\n\r\n", 400),
    "a length and codings of nothing": (
        f"{POST}Content-Length: 1\r\nTransfer-Encoding:\r\nTransfer-Encoding:\r\n\r\na",
        400,
    ),
    "the same length twice": (f"{POST}Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    "a length too long to count": (f"{POST}Content-Length: 1000000000000000000000\r\n\r\na", 400),
    "an empty length": (f"{POST}Content-Length:\r\n\r\n", 400),
    "a list of lengths": (f"{POST}Content-Length: 1, 1\r\n\r\na", 400),
    "two numbers as a length": (f"{POST}Content-Length: 4 2\r\n\r\nabcd", 400),
    "a length with a sign": (f"{POST}Content-Length: +1\r\n\r\na", 400),
    "a negative length": (f"{POST}Content-Length: -1\r\n\r\n", 400),
    "a length in hex": (f"{POST}Content-Length: 0x1\r\n\r\na", 400),
    "a length that a CR cuts": (f"{POST}Content\rLength: 1\r\n\r\na", 400),
    "a space after the length's name": (f"{POST}Content-Length : 1\r\n\r\na", 400),
    "a coding nobody knows": (f"{POST}Transfer-Encoding: pigeons\r\n\r\n", 501),
    "an empty coding": (f"{POST}Transfer-Encoding:\r\n\r\n", 400),
    "identity": (f"{POST}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501),
    "identity, and then chunked": (f"{POST}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked in quotes": (f'{POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 501),
    "chunked with a parameter": (f"{POST}Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 501),
    "chunked and a space that is none": (f"{POST}Transfer-Encoding: chunked\xa0\r\n\r\n0\r\n\r\n", 501),
    "a comma before chunked": (f"{POST}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 501),
    "a comma after chunked": (f"{POST}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400),
    "a vertical tab before chunked": (f"{POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "a vertical tab after chunked": (f"{POST}Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n", 400),
    "chunked, and what only begins so": (
        f"{CHUNKED}Transfer-Encoding: chunked-false\r\nConnection: upgrade\r\n\r\n1\r\na\r\n0\r\n\r\n",
        400,
    ),
    "chunked, and what only begins so in a fold": (
        f"{CHUNKED} , chunked-false\r\nConnection: upgrade\r\n\r\n1\r\na\r\n0\r\n\r\n",
        400,
    ),
    "HTTP/1.0 with chunks and a length": (
        f"{CHUNKED.replace('1.1', '1.0')}Content-Length: 3\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a coding that begins like chunked": (f"{POST}Transfer-Encoding: chunkedchunked\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (f"{CHUNKED}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked twice in one": (f"{POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked, and then another": (f"{POST}Transfer-Encoding: chunked, deflate\r\n\r\n0\r\n\r\n", 400),
    "chunked, another and chunked": (f"{POST}Transfer-Encoding: chunked, gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "another, and then chunked": (f"{POST}Transfer-Encoding: deflate, chunked\r\n\r\n0\r\n\r\n", 501),
    "two codings in two headers": (
        f"{POST}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "a space after the coding's name": (f"{POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "a fold after the coding": (f"{CHUNKED} x\r\n\r\n0\r\n\r\n", 400),
    "a form feed before the coding": (f"{POST}Transfer-Encoding: \x0cchunked\r\n\r\n0\r\n\r\n", 400),
    # chunks
    "a size that is none": (f"{CHUNKED}\r\nzz\r\nab\r\n0\r\n\r\n", 400),
    "a size with a sign": (f"{CHUNKED}\r\n+1\r\na\r\n0\r\n\r\n", 400),
    "a negative size": (f"{CHUNKED}\r\n-1\r\na\r\n0\r\n\r\n", 400),
    "a size in hex as C writes it": (f"{CHUNKED}\r\n0x1\r\na\r\n0\r\n\r\n", 400),
    "a size with underscores": (f"{CHUNKED}\r\n1_0\r\na\r\n0\r\n\r\n", 400),
    "a size too long to count": (f"{CHUNKED}\r\n{'9' * 100}\r\na", 400),
    "a size of one digit too many": (f"{CHUNKED}\r\n10000000000000001\r\na\r\n0\r\n\r\n", 400),
    "words after a size": (f"{CHUNKED}\r\n1 b\r\na\r\n0 c\r\n\r\n", 400),
    "two CRs after a size": (f"{CHUNKED}\r\n1\r\r\na\r\n0\r\n\r\n", 400),
    "two CRs and an extension after a size": (f"{CHUNKED}\r\n5\r\r;abcd\r\n34\r\ne\r\n0\r\n\r\n", 400),
    "a LF between spaces after a size": (f"{CHUNKED}\r\n1 \n  \r\na\r\n0\r\n\r\n", 400),
    "a LF in place of an extension": (f"{CHUNKED}\r\n2;\nxx\r\n4c\r\n0\r\n\r\n", 400),
    "no size": (f"{CHUNKED}\r\n\r\na\r\n0\r\n\r\n", 400),
    "a space before a size": (f"{CHUNKED}\r\n 1\r\na\r\n0\r\n\r\n", 400),
    "a space after a size": (f"{CHUNKED}\r\n1 \r\na\r\n0\r\n\r\n", 400),
    "NUL after a size": (f"{CHUNKED}\r\n1\x00\r\na\r\n0\r\n\r\n", 400),
    "what is no extension": (f"{CHUNKED}\r\n1 =a\r\na\r\n0\r\n\r\n", 400),
    "an extension without a name": (f"{CHUNKED}\r\n1;\r\na\r\n0\r\n\r\n", 400),
    "a quote that is not closed": (f'{CHUNKED}\r\n1;a="b\r\na\r\n0\r\n\r\n', 400),
    "a bare LF in an extension": (f"{CHUNKED}\r\n1;a\nb\r\na\r\n0\r\n\r\n", 400),
    "a size that a LF ends": (f"{CHUNKED}\r\n1\na\r\n0\r\n\r\n", 400),
    "a size that a CR ends": (f"{CHUNKED}\r\n1\ra\r\n0\r\n\r\n", 400),
    "a chunk that a LF ends": (f"{CHUNKED}\r\n1\r\na\n0\r\n\r\n", 400),
    "a chunk that a CR ends": (f"{CHUNKED}\r\n1\r\na\r0\r\n\r\n", 400),
    "a chunk that nothing ends": (f"{CHUNKED}\r\n1\r\na0\r\n\r\n", 400),
    "a chunk that letters end": (f"{CHUNKED}\r\n3\r\nabc__0\r\n\r\n", 400),
    "a chunk longer than it says": (f"{CHUNKED}\r\n1\r\nab\r\n0\r\n\r\n", 400),
    "a last chunk that a LF ends": (f"{CHUNKED}\r\n0\n\r\n", 400),
    "trailers that a LF ends": (f"{CHUNKED}\r\n0\r\nX: y\n\r\n", 400),
    "a fold in the trailers": (f"{CHUNKED}\r\n0\r\nX: y\r\n z\r\n\r\n", 400),
    "a length as a trailer": (f"{CHUNKED}\r\n0\r\nContent-Length: 1\r\n\r\n", 400),
    "a coding as a trailer": (f"{CHUNKED}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    # header fields
    "a fold": (f"GET /a HTTP/1.1\r\n{HOST}X: y\r\n z\r\n\r\n", 400),
    "a fold by a tab": (f"GET /a HTTP/1.1\r\n{HOST}X: y\r\n\tz\r\n\r\n", 400),
    "a fold before any header": ("GET /a HTTP/1.1\r\n X: y\r\n\r\n", 400),
    "a fold by a LF": (f"GET /a HTTP/1.1\r\n{HOST}X: y\n z\r\n\r\n", 400),
    "a fold in a name": (f"GET /a HTTP/1.1\r\n{HOST}X\r\n : y\r\n\r\n", 400),
    "a fold that hides a length": (f"{POST}X: y\r\n Content-Length: 3\r\n\r\nabc", 400),
    "a space after the request line": (f"GET /a HTTP/1.1\r\n {HOST}\r\n", 400),
    "a space before the colon": ("GET /a HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "a tab before the colon": ("GET /a HTTP/1.1\r\nHost\t: a\r\n\r\n", 400),
    "a space in a name": (f"GET /a HTTP/1.1\r\n{HOST}X Y: z\r\n\r\n", 400),
    "no name": (f"GET /a HTTP/1.1\r\n{HOST}: b\r\n\r\n", 400),
    "no colon": (f"GET /a HTTP/1.1\r\n{HOST}X\r\n\r\n", 400),
    "a name with an at sign": (f"GET /a HTTP/1.1\r\n{HOST}X@Y: z\r\n\r\n", 400),
    "a name with NUL": (f"GET /a HTTP/1.1\r\n{HOST}X\x00Y: z\r\n\r\n", 400),
    "a name with a CR and an escape": (f"GET /a HTTP/1.1\r\n{HOST}X\r\x1b5\xd5Y: z\r\n\r\n", 400),
    "a name with SOH": (f"GET /a HTTP/1.1\r\n{HOST}Content\x01Length: 2\r\n\r\n", 400),
    "a name that is not ASCII": (f"GET /a HTTP/1.1\r\n{HOST}X\xe9: z\r\n\r\n", 400),
    "a name in brackets": (f"GET /a HTTP/1.1\r\n{HOST}X(: z\r\n\r\n", 400),
    "NUL in a value": ("GET /a HTTP/1.1\r\nHost: a\x00b\r\n\r\n", 400),
    "a control character in a value": (f"GET /a HTTP/1.1\r\n{HOST}X: a\x01b\r\n\r\n", 400),
    "DEL in a value": (f"GET /a HTTP/1.1\r\n{HOST}X: a\x7fb\r\n\r\n", 400),
    "a CR in a value": (f"GET /a HTTP/1.1\r\n{HOST}X: a\rY: b\r\n\r\n", 400),
    "a header that a CR ends": (f"GET /a HTTP/1.1\rX: y\r\n{HOST}\r\n", 400),
    "an empty header that a CR ends": (f"{POST}X:\rTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 400),
    "a CR before another request": (f"GET /a HTTP/1.1\r\n{HOST}\rXGET /b: HTTP/1.1\r\n{HOST}\r\n", 400),
    "a header that a LF ends": (f"GET /a HTTP/1.1\r\nX: y\n{HOST}\r\n", 400),
    "an empty header that a LF ends": (f"GET /a HTTP/1.1\r\nX:\n{HOST}\r\n", 400),
    "LF alone": (f"GET /a HTTP/1.1\n{HOST}\n".replace("\r", ""), 400),
    "a head that a LF ends": (f"GET /a HTTP/1.1\r\n{HOST}\n", 400),
    "a head that a CR ends": (f"POST /a HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\rabc", 400),
    "a host cut by a letter that is none": ("GET /a HTTP/1.1\r\nHost\x9c: a\r\n\r\n", 400),
    # the request line
    "no version": ("GET /a\r\n\r\n", 400),
    "a version to come": (f"GET /a HTTP/3.7\r\n{HOST}\r\n", 400),
    "HTTP/2 in words of HTTP/1": (f"GET /a HTTP/2.0\r\n{HOST}\r\n", 505),
    "HTTP/1.2": (f"GET /a HTTP/1.2\r\n{HOST}\r\n", 400),
    "HTTP/1.10": (f"GET /a HTTP/1.10\r\n{HOST}\r\n", 400),
    "HTTP/11.1": (f"GET /a HTTP/11.1\r\n{HOST}\r\n", 400),
    "a tab after the version": (f"GET /a HTTP/1.1\t\r\n{HOST}\r\n", 400),
    "a space after the version": (f"GET /a HTTP/1.1 \r\n{HOST}\r\n", 400),
    "a version in small letters": (f"GET /a http/1.1\r\n{HOST}\r\n", 400),
    "a version of one number": (f"GET /a HTTP/1\r\n{HOST}\r\n", 400),
    "a version of many digits": (f"GET /a HTTP/01.1\r\n{HOST}\r\n", 400),
    "another protocol": (f"GET /a HTTPER/1.1\r\n{HOST}\r\n", 400),
    "a protocol that ends like ours": (f"GET /a IHTTP/1.0\r\n{HOST}\r\n", 400),
    "RTSP's method": (f"ANNOUNCE /a HTTP/1.0\r\n{HOST}\r\n", 400),
    # llhttp takes some methods in the name of RTSP or ICE, and does not say so: who speaks these finds nothing here
    "ICE": (f"GET /music/sweet/music ICE/1.0\r\n{HOST}\r\n", 400),
    "RTSP": (f"PUT /music/sweet/music RTSP/1.0\r\n{HOST}\r\n", 400),
    "what follows the version": (f"GET /a HTTP/1.1 x\r\n{HOST}\r\n", 400),
    "a tab after the method": (f"GET\t/a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a space before the method": (f" GET /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a space in the target": (f"GET /a b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a control character in the target": (f"GET /a\x01b HTTP/1.1\r\n{HOST}\r\n", 400),
    "NUL in the target": (f"GET /a\x00b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a tab in the target": (f"GET /a\tb HTTP/1.1\r\n{HOST}\r\n", 400),
    "a form feed in the target": (f"GET /a\x0cb HTTP/1.1\r\n{HOST}\r\n", 400),
    "a tab after the target": (f"GET /a\tHTTP/1.1\r\n{HOST}\r\n", 400),
    "DEL in the target": (f"GET /a\x7f HTTP/1.1\r\n{HOST}\r\n", 400),
    "a target that is not ASCII": (f"GET /\xce\xb4 HTTP/1.1\r\n{HOST}\r\n", 400),
    "a method in small letters": (f"get /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a method nobody knows": (f"FOO /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a method that is cut": (f"GE /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a method that goes on": (f"MKCOLA /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "NUL before the method": (f"\x00GET /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a byte order mark before the method": (f"\xef\xbb\xbfGET /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "another's address before the method": (f"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a method with a brace": (f"P{{ST /a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a host as a target": (f"GET a.example:80 HTTP/1.1\r\n{HOST}\r\n", 400),
    "a name as a target": (f"GET admin HTTP/1.1\r\n{HOST}\r\n", 400),
    "a path without a slash": (f"GET admin/a/b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a path behind a backslash": (f"GET \\a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a query alone": (f"GET ?a HTTP/1.1\r\n{HOST}\r\n", 400),
    "a target without a host": (f"GET http:///b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a target of a scheme and a path": (f"GET http:/b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a target of a file": (f"GET file:///b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a host and no port behind its colon": (f"GET http://a.example:/b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a host that a fragment ends": (f"GET http://a.example#b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a port that there is not": (f"GET http://a.example:99999/b HTTP/1.1\r\n{HOST}\r\n", 400),
    "two users": (f"GET http://u@v@a.example/b HTTP/1.1\r\n{HOST}\r\n", 400),
    "a star with a path": (f"OPTIONS */test HTTP/1.1\r\n{HOST}\r\n", 400),
    "CONNECT": ("CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n", 400),
    "CONNECT with a body": ("CONNECT a.example:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400),
    "CONNECT to a path": (f"CONNECT / HTTP/1.1\r\n{HOST}\r\n", 400),
    "CONNECT to a URL": (f"CONNECT http://a.example:80 HTTP/1.1\r\n{HOST}\r\n", 400),
    "HTTP/2's greeting": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "an answer": ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400),
    "a second host in an upgrade that hides chunks": (
        f"{CHUNKED}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        400,
    ),
}


async def converse(sent: bytes, way: str, seen: Seen) -> bytes:
    """What comes back until the server closes."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        seen.append((scope["method"], scope["path"], body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async with serving(app) as (port, _), asyncio.timeout(60):
        _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
        for piece in [sent] if way == "whole" else [sent[at : at + 1] for at in range(len(sent))]:
            if not client.line.is_closing():
                client.line.write(piece)
            await asyncio.sleep(0)
        await client.over.wait()
        return client.heard


class Client(asyncio.Protocol):
    """Keeps what it hears, also where it is reset because it went on sending."""

    def __init__(self) -> None:
        self.heard, self.over = b"", asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.line = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, _exc: Exception | None) -> None:
        self.over.set()


def statuses(answers: bytes) -> list[int]:
    return [int(answer[:3]) for answer in answers.split(b"HTTP/1.1 ")[1:]]


LOOP = pytest.mark.parametrize("loop", LOOPS)
WAY = pytest.mark.parametrize("way", ["whole", "byte by byte"])


@LOOP
@WAY
@pytest.mark.parametrize("name", SERVED)
@pytest.mark.proves("N7")
def test_what_is_plain_is_served_as_it_is_meant(name: str, way: str, loop: str) -> None:
    async def main() -> None:
        sent, expected = SERVED[name]
        seen = Seen()
        answers = await converse(sent.encode("latin-1") + LAST, way, seen)
        assert seen == [*expected, get("/last")]
        assert statuses(answers) == [200] * len(seen)

    run(loop, main())


@LOOP
@WAY
@pytest.mark.parametrize("name", ENDS)
@pytest.mark.proves("N7")
def test_what_is_the_last_is_served_and_nothing_after_it(name: str, way: str, loop: str) -> None:
    async def main() -> None:
        sent, expected = ENDS[name]
        seen = Seen()
        answers = await converse(sent.encode("latin-1") + LAST, way, seen)
        assert seen == expected
        assert statuses(answers) == [200]

    run(loop, main())


@LOOP
@WAY
@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.proves("N7")
def test_what_could_be_read_in_two_ways_is_refused_with_all_that_follows(name: str, way: str, loop: str) -> None:
    async def main() -> None:
        sent, status = REFUSED[name]
        seen = Seen()
        answers = await converse(sent.encode("latin-1") + LAST, way, seen)
        assert seen == []
        assert statuses(answers) == [status]

    run(loop, main())


SPLICES = st.tuples(
    st.integers(0, 150),
    st.integers(0, 8),
    st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b"0", b":", b"5", b";", b",", b""]),
)
CASES = [sent.encode("latin-1") for sent, _ in (*SERVED.values(), *ENDS.values(), *REFUSED.values())]


@pytest.mark.proves("N7")
@given(st.sampled_from(CASES), st.lists(SPLICES, max_size=3), st.integers(0, 31))
def test_what_is_served_of_a_mutilated_request_is_what_h11_reads(
    sent: bytes, splices: list[tuple[int, int, bytes]], size: int
) -> None:
    for at, gone, put in splices:
        sent = sent[:at] + put + sent[at + gone :]
    cut_anyhow(bytes([size]) + sent + LAST)
