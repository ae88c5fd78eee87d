"""Answers as bytes, and what is made of them: whole, cut anywhere, and a byte at a time.

The cases are those that the public test suites of llhttp (Node), h11, httpcore and HAProxy have for responses, named as
they name them where they do; the verdicts are ours. Left out are those in which llhttp takes the names of RTSP and ICE
for HTTP's: it does not say that it does.
"""

import gc
import itertools
import weakref
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from fuzz.targets.response import one as taken_anyhow
from hypothesis import given
from hypothesis import strategies as st

from passenger.net.parser import HEAD_LIMIT, HEADERS_LIMIT, INTERIM_LIMIT, ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SHORT = OK + b"Content-Length: 2\r\n\r\nok"
EMPTY = b"Content-Length: 0\r\n\r\n"


class Read(NamedTuple):
    """What was read: `then` is what becomes of the connection."""

    then: str
    status: int = 200
    body: bytes = b""


KEPT, CLOSED = "kept", "closed"
UNTIL_CLOSE = "the body ends with the connection"
UNFINISHED = "more is waited for"
REFUSED = Read("refused", 0)


def read(pieces: Iterable[bytes], method: str = "GET") -> Read:
    """What a connection would make of these pieces."""
    parser = ResponseParser()
    parser.expect(method)
    body, left = b"", list(pieces)
    while left and not parser.ended and parser.error is None:
        body += parser.feed(left.pop(0))
    if parser.error is not None:
        return Read("refused", parser.status, body)
    if parser.ended:
        behind = b"".join(left).strip(b"\r\n")  # llhttp passes over empty lines between two answers
        return Read(KEPT if parser.keeps and not behind else CLOSED, parser.status, body)
    return Read(UNTIL_CLOSE if parser.end() else UNFINISHED, parser.status, body)


def ok(then: str = KEPT, body: bytes = b"ok", status: int = 200) -> Read:
    return Read(then, status, body)


def with_header(line: bytes) -> bytes:
    return OK + line + b"\r\n" + EMPTY


VERDICTS: dict[str, tuple[bytes, Read]] = {
    # the status line
    "simple": (SHORT, ok()),
    "no reason phrase": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", ok()),
    "an empty reason phrase": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", ok()),
    "a reason phrase in ISO-8859-1": (b"HTTP/1.1 200 Sch\xf6n\r\nContent-Length: 2\r\n\r\nok", ok()),
    "a number beyond HTTP's": (b"HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nok", ok(status=999)),
    "a number below HTTP's": (b"HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "two digits": (b"HTTP/1.1 99 No\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "four digits": (b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "letters": (b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "one digit": (b"HTTP/1.1 2 OK\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "a sign before the digits": (b"HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "nothing between status and reason": (b"HTTP/1.1 200OK\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "a tab before the reason": (b"HTTP/1.1 200\tOK\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "two spaces before the reason": (b"HTTP/1.1 200  OK\r\nContent-Length: 2\r\n\r\nok", ok()),
    "a control character in the reason": (b"HTTP/1.1 200 O\x1bK\r\nContent-Length: 2\r\n\r\nok", ok()),
    "a CR after the reason": (b"HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n", REFUSED),
    "two CRs after the reason": (b"HTTP/1.1 200 OK\r\rContent-Length: 4\r\n\r\nevil", REFUSED),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", ok(CLOSED)),
    "HTTP/1.0 with keep-alive": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", ok()),
    "HTTP/1.2": (b"HTTP/1.2 200 OK\r\n" + EMPTY, REFUSED),
    "HTTP/9.9": (b"HTTP/9.9 200 OK\r\n" + EMPTY, REFUSED),
    "HTTP/01.1": (b"HTTP/01.1 200 OK\r\n" + EMPTY, REFUSED),
    "HTTP/11.1": (b"HTTP/11.1 200 OK\r\n" + EMPTY, REFUSED),
    "HTTP/1.01": (b"HTTP/1.01 200 OK\r\n" + EMPTY, REFUSED),
    "HTTP/1.10": (b"HTTP/1.10 200 OK\r\n" + EMPTY, REFUSED),
    "two spaces after the version": (b"HTTP/1.1  200 OK\r\n" + EMPTY, REFUSED),
    "a tab after the version": (b"HTTP/1.1\t200 OK\r\n" + EMPTY, REFUSED),
    "a CR before it, a tab after the version": (b"\rHTTP/1.1\t200 OK\r\n" + EMPTY, REFUSED),
    "a name that begins like HTTP": (b"HTTPER/1.1 200 OK\r\n" + EMPTY, REFUSED),
    "a name with a letter less": (b"HTP/1.1 200 OK\r\n" + EMPTY, REFUSED),
    "HTTP/0.9": (b"just words\r\n", REFUSED),
    "no version": (b"HTTP/ 200 OK\r\n" + EMPTY, REFUSED),
    "lower case": (b"http/1.1 200 OK\r\n" + EMPTY, REFUSED),
    "ICY": (b"ICY 200 OK\r\n" + EMPTY, REFUSED),
    "SSH": (b"SSH-2.0-OpenSSH_9.9\r\n", REFUSED),
    "a request": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED),
    "HTTP/2": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", REFUSED),
    "a page": (b"<html>", REFUSED),
    "a TLS alert": (b"\x15\x03\x01\x00\x02\x02\x28", REFUSED),
    "an empty line before it": (b"\r\n" + SHORT, ok()),
    "a space before it": (b" " + SHORT, REFUSED),
    "a NUL before it": (b"\0" + SHORT, REFUSED),
    # headers
    "no header": (OK + b"\r\n", Read(UNTIL_CLOSE)),
    "a value with spaces around it": (with_header(b"X: \t a b \t"), ok(body=b"")),
    "an empty value": (with_header(b"X:"), ok(body=b"")),
    "an empty value before another header": (with_header(b"X: \r\nY: a"), ok(body=b"")),
    "names of odd letters": (with_header(b"X_y: a\r\n.z: a\r\nX-$Y: a"), ok(body=b"")),
    "a value in ISO-8859-1": (with_header(b"X: \xf6"), ok(body=b"")),
    "a space before the colon": (with_header(b"X : a"), REFUSED),
    "no colon": (with_header(b"abc"), REFUSED),
    "no name": (with_header(b": a"), REFUSED),
    "a name with a space": (with_header(b"X Y: a"), REFUSED),
    "a tab before the colon": (with_header(b"X\t: a"), REFUSED),
    "a name that is not ASCII": (with_header(b"X\xe9: a"), REFUSED),
    "a name with a control character": (with_header(b"X\x01: a"), REFUSED),
    "a name with an at sign": (with_header(b"X@: a"), REFUSED),
    "a name with a bracket": (with_header(b"X[: a"), REFUSED),
    "a NUL in a value": (with_header(b"X: a\0b"), REFUSED),
    "a CR in a value": (with_header(b"X: a\rb"), REFUSED),
    "a control character in a value": (with_header(b"X: a\x01b"), REFUSED),
    "DEL in a value": (with_header(b"X: a\x7fb"), REFUSED),
    "a folded value": (with_header(b"X: a\r\n b"), REFUSED),
    "a first line that is folded": (with_header(b" X: a"), REFUSED),
    "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", ok()),
    # interim answers
    "100 Continue first": (b"HTTP/1.1 100 Continue\r\n\r\n" + SHORT, ok()),
    "103 Early Hints first": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 9\r\n\r\n" + SHORT, ok()),
    "many of them": (b"HTTP/1.1 102 Processing\r\n\r\n" * 20 + SHORT, ok()),
    "one that nobody knows": (b"HTTP/1.1 199 X\r\n\r\n" + SHORT, ok()),
    "one in chunks": (b"HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n" + SHORT, ok()),
    "100 Continue, and an error": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\nno",
        ok(body=b"no", status=404),
    ),
    "only interim ones": (b"HTTP/1.1 102 Processing\r\n\r\n" * 20, Read(UNFINISHED, 0)),
    "an interim one that closes": (b"HTTP/1.1 100 C\r\nConnection: close\r\n\r\n" + SHORT, REFUSED),
    "101": (b"HTTP/1.1 101 SP\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nabc", REFUSED),
    "101 without a word": (b"HTTP/1.1 101 SP\r\n\r\n", REFUSED),
    "101 with a length": (
        b"HTTP/1.1 101 SP\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nbody",
        REFUSED,
    ),
    "another protocol on offer, in chunks": (
        OK + b"Connection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ok(),
    ),
    "another protocol on offer, until the end": (
        OK + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\nok",
        ok(UNTIL_CLOSE),
    ),
    "another protocol on offer": (OK + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok", ok()),
    # lengths
    "a length of none": (OK + EMPTY, ok(body=b"")),
    "a length with zeros before it": (OK + b"Content-Length: 002\r\n\r\nok", ok()),
    "a length between tabs": (OK + b"Content-Length:\t2\t\r\n\r\nok", ok()),
    "a length and a comma": (OK + b"Content-Length: 2,\r\n\r\nok", REFUSED),
    "a length and a vertical tab": (OK + b"Content-Length: 2\x0b\r\n\r\nok", REFUSED),
    "a space after the length's name": (OK + b"Content-Length : 2\r\n\r\nok", REFUSED),
    "a name that begins like the length's": (
        OK + b"Content-Length-X: 0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ok(),
    ),
    "a length, and a coding with an underscore": (
        OK + b"Transfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\nok",
        ok(),
    ),
    "a body that is cut off": (OK + b"Content-Length: 9\r\n\r\nok", ok(UNFINISHED)),
    "a length twice": (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", REFUSED),
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 1\r\n\r\nok", REFUSED),
    "a list of lengths": (OK + b"Content-Length: 2, 2\r\n\r\nok", REFUSED),
    "a length with a sign": (OK + b"Content-Length: +2\r\n\r\nok", REFUSED),
    "a length below zero": (OK + b"Content-Length: -2\r\n\r\nok", REFUSED),
    "a length in hexadecimals": (OK + b"Content-Length: 0x2\r\n\r\nok", REFUSED),
    "a length in words": (OK + b"Content-Length: x\r\n\r\nok", REFUSED),
    "an empty length": (OK + b"Content-Length: \r\n\r\nok", REFUSED),
    "a length beyond 64 bits": (OK + b"Content-Length: 99999999999999999999\r\n\r\nok", REFUSED),
    "a length and chunks": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", REFUSED),
    "chunks and a length": (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", REFUSED),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", ok(body=b"", status=204)),
    "304 with a length": (b"HTTP/1.1 304 X\r\nContent-Length: 3\r\n\r\n", ok(body=b"", status=304)),
    "304 with a length, and another": (
        b"HTTP/1.1 304 X\r\nContent-Length: 38\r\n\r\n" + SHORT,
        ok(CLOSED, b"", 304),
    ),
    "304 in chunks": (b"HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n", ok(body=b"", status=304)),
    "204 in chunks": (b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", ok(body=b"", status=204)),
    "204 with the end of chunks": (
        b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ok(CLOSED, b"", 204),
    ),
    "204, and close": (b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n", ok(CLOSED, b"", 204)),
    "204, and another": (b"HTTP/1.1 204 X\r\n\r\n" + SHORT, ok(CLOSED, b"", 204)),
    "204 in 1.0 with keep-alive": (
        b"HTTP/1.0 204 X\r\nConnection: keep-alive\r\n\r\n",
        ok(body=b"", status=204),
    ),
    "an error without a word": (b"HTTP/1.1 404 Not Found\r\n\r\n", ok(UNTIL_CLOSE, b"", 404)),
    "204 with a body": (b"HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\nok", ok(CLOSED, b"", 204)),
    "a body until the end": (OK + b"\r\nok", ok(UNTIL_CLOSE)),
    "a body until the end, 1.0": (b"HTTP/1.0 200 OK\r\n\r\nok", ok(UNTIL_CLOSE)),
    "a body until the end, in spite of keep-alive": (OK + b"Connection: keep-alive\r\n\r\nok", ok(UNTIL_CLOSE)),
    # chunks
    "chunks": (CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", ok()),
    "no chunk": (CHUNKED + b"0\r\n\r\n", ok(body=b"")),
    "chunks in 1.0": (CHUNKED.replace(b"1.1", b"1.0") + b"2\r\nok\r\n0\r\n\r\n", ok(CLOSED)),
    "chunked, in capitals": (CHUNKED.replace(b"chunked", b"CHUNKED") + b"2\r\nok\r\n0\r\n\r\n", ok()),
    "a size with zeros before it": (CHUNKED + b"000000000002\r\nok\r\n0\r\n\r\n", ok()),
    "a size in capitals": (CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n", ok(body=b"0123456789")),
    "a size with spaces behind it": (CHUNKED + b"2  \r\nok\r\n0\r\n\r\n", ok()),
    "a size with a LF between spaces behind it": (CHUNKED + b"2 \n  \r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size with words behind it": (CHUNKED + b"2 a\r\nok\r\n0 b\r\n\r\n", REFUSED._replace(status=200)),
    "a size with NUL behind it": (CHUNKED + b"2\0\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size with a space before it": (CHUNKED + b" 2\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size with a sign": (CHUNKED + b"+2\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size with an underscore": (CHUNKED + b"0_2\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size that a CR ends": (CHUNKED + b"2\rok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size that two CRs end": (CHUNKED + b"2\r\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a chunk that a CR ends": (CHUNKED + b"2\r\nok\r0\r\n\r\n", Read("refused", 200, b"ok")),
    "a chunk that nothing ends": (CHUNKED + b"2\r\nok0\r\n\r\n", Read("refused", 200, b"ok")),
    "an extension": (CHUNKED + b'2;a=b;c="d;e"\r\nok\r\n0;z\r\n\r\n', ok()),
    "an extension with quotes in quotes": (CHUNKED + b'2;a="\\"b\\"; \\\\";c\r\nok\r\n0\r\n\r\n', ok()),
    "an extension without a name": (CHUNKED + b"2;\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a quote that is not closed": (CHUNKED + b'2;a="b;c\r\nok\r\n0\r\n\r\n', REFUSED._replace(status=200)),
    "trailers": (CHUNKED + b"2\r\nok\r\n0\r\nX: a\r\nY: b\r\n\r\n", ok()),
    "a folded trailer": (CHUNKED + b"2\r\nok\r\n0\r\nX: a\r\n b\r\n\r\n", Read("refused", 200, b"ok")),
    "close among trailers": (CHUNKED + b"2\r\nok\r\n0\r\nConnection: close\r\n\r\n", ok(CLOSED)),
    "another protocol among trailers": (
        CHUNKED + b"2\r\nok\r\n0\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        ok(),
    ),
    "a length among trailers": (CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n", Read("refused", 200, b"ok")),
    "a size of none": (CHUNKED + b"\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size with 0x": (CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size below zero": (CHUNKED + b"-2\r\nok\r\n0\r\n\r\n", REFUSED._replace(status=200)),
    "a size that is none": (CHUNKED + b"zz\r\n", REFUSED._replace(status=200)),
    "a size beyond 64 bits": (CHUNKED + b"fffffffffffffffff\r\nok", REFUSED._replace(status=200)),
    "a chunk longer than its size": (CHUNKED + b"2\r\nokay\r\n0\r\n\r\n", Read("refused", 200, b"ok")),
    "a chunk cut off": (CHUNKED + b"9\r\nok", ok(UNFINISHED)),
    "chunks without an end": (CHUNKED + b"2\r\nok\r\n", ok(UNFINISHED)),
    "an end cut off": (CHUNKED + b"2\r\nok\r\n0\r\n", ok(UNFINISHED)),
    "a trailer that is none": (CHUNKED + b"2\r\nok\r\n0\r\nabc\r\n\r\n", Read("refused", 200, b"ok")),
    "chunked twice": (OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunked, chunked": (OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "gzip, chunked": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunked, gzip": (OK + b"Transfer-Encoding: chunked, gzip\r\n\r\nok", REFUSED),
    "identity": (OK + b"Transfer-Encoding: identity\r\n\r\nok", REFUSED),
    "a coding nobody knows": (OK + b"Transfer-Encoding: pigeon\r\n\r\nok", REFUSED),
    "xchunked": (OK + b"Transfer-Encoding: xchunked\r\n\r\nok", REFUSED),
    "chunkedchunked": (OK + b"Transfer-Encoding: chunkedchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunked, gzip, chunked": (OK + b"Transfer-Encoding: chunked, gzip, chunked\r\n\r\n0\r\n\r\n", REFUSED),
    "chunked and identity in two headers": (
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\nok",
        REFUSED,
    ),
    "identity and chunked in two headers": (
        OK + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        REFUSED,
    ),
    "chunked with a parameter": (OK + b"Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", REFUSED),
    "chunked in quotes": (OK + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', REFUSED),
    "chunked behind a comma": (OK + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", REFUSED),
    "chunked before a comma": (OK + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", REFUSED),
    "chunked behind a vertical tab": (OK + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", REFUSED),
    "chunked between spaces": (OK + b"Transfer-Encoding:  chunked  \r\n\r\n2\r\nok\r\n0\r\n\r\n", ok()),
    "chunked before a tab": (OK + b"Transfer-Encoding: chunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunked before a space and a tab": (OK + b"Transfer-Encoding: chunked \t\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunked and a fold": (OK + b"Transfer-Encoding: chunked\r\n abc\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "chunked in a fold": (OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", REFUSED),
    "a space after the coding's name": (OK + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", REFUSED),
    "chunks and a length in 1.0": (
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        REFUSED,
    ),
    "an empty coding": (OK + b"Transfer-Encoding: \r\n\r\nok", REFUSED),
    # the end
    "Connection: close": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", ok(CLOSED)),
    "close among others": (OK + b"Connection: x, close\r\nContent-Length: 2\r\n\r\nok", ok(CLOSED)),
    "close in capitals, before a tab": (OK + b"Connection: CLOSE\t\r\nContent-Length: 2\r\n\r\nok", ok(CLOSED)),
    "close before its opposite": (OK + b"Connection: close, keep-alive\r\nContent-Length: 2\r\n\r\nok", ok(CLOSED)),
    "close after its opposite": (
        OK + b"Connection: keep-alive\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        ok(CLOSED),
    ),
    "close as it is said to proxies": (OK + b"Proxy-Connection: close\r\nContent-Length: 2\r\n\r\nok", ok(CLOSED)),
    "a word that begins like close": (OK + b"Connection: closed\r\nContent-Length: 2\r\n\r\nok", ok()),
    "close, and more behind it": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nokay", ok(CLOSED)),
    "another answer behind it": (SHORT + SHORT, ok(CLOSED)),
    "junk behind it": (SHORT + b"\0junk", ok(CLOSED)),
    "nothing": (b"", Read(UNFINISHED, 0)),
    "half a status line": (b"HTTP/1.1 20", Read(UNFINISHED, 0)),
    "half a head": (OK + b"X:", Read(UNFINISHED, 0)),
}


@pytest.mark.proves("F25", "F26", "F30")
@pytest.mark.parametrize("name", VERDICTS)
def test_each_answer_has_its_verdict_however_it_is_cut(name: str) -> None:
    said, verdict = VERDICTS[name]
    assert read([said]) == verdict
    assert read(said[at : at + 1] for at in range(len(said))) == verdict
    for cut in range(1, len(said)):
        assert read([said[:cut], said[cut:]]) == verdict


SPLICES = st.tuples(
    st.integers(0, 200),
    st.integers(0, 8),
    st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"\0", b"0", b":", b"5", b";", b""]),
)


@pytest.mark.proves("F25", "F30")
@given(
    first=st.sampled_from(sorted(VERDICTS)),
    second=st.sampled_from(sorted(VERDICTS)),
    splices=st.lists(SPLICES, min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 300), max_size=4),
)
def test_whatever_is_mutilated_reads_the_same_however_it_is_cut(
    first: str, second: str, splices: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    said = VERDICTS[first][0] + VERDICTS[second][0]
    for at, gone, put in splices:
        said = said[:at] + put + said[at + gone :]
    whole = read([said])
    assert read(said[at : at + 1] for at in range(len(said))) == whole
    edges = [0, *sorted(cuts), max(len(said), *cuts, 0)]
    assert read(said[begin:end] for begin, end in itertools.pairwise(edges)) == whole


@pytest.mark.proves("F25", "F30")
@given(
    name=st.sampled_from(sorted(VERDICTS)),
    splices=st.lists(SPLICES, max_size=3),
    how=st.integers(0, 63),
)
def test_whatever_is_mutilated_is_the_same_however_it_is_taken_and_to_h11(
    name: str, splices: list[tuple[int, int, bytes]], how: int
) -> None:
    said = VERDICTS[name][0]
    for at, gone, put in splices:
        said = said[:at] + put + said[at + gone :]
    taken_anyhow(bytes([how]) + said)


def test_a_head_is_told_with_its_names_in_lower_case_and_without_spaces_around_its_values() -> None:
    parser = ResponseParser()
    parser.feed(b"HTTP/1.1 429 Slow  down\r\nX-A: 1\r\nx-a:\t2 \r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
    assert (parser.status, parser.reason) == (429, b"Slow  down")
    assert parser.headers == [("x-a", "1"), ("x-a", "2"), ("retry-after", "3"), ("content-length", "0")]


def test_nothing_of_an_interim_answer_or_of_trailers_is_among_the_headers() -> None:
    parser = ResponseParser()
    hints = b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n"
    parser.feed(hints + CHUNKED + b"0\r\nX-Forged: a\r\n\r\n")
    assert (parser.headers, parser.reason) == ([("transfer-encoding", "chunked")], b"OK")


def test_answers_follow_each_other_on_a_connection() -> None:
    parser = ResponseParser()
    for said, body in itertools.chain.from_iterable([[(SHORT, b"ok"), (CHUNKED + b"1\r\na\r\n0\r\n\r\n", b"a")]] * 3):
        parser.expect("POST")
        assert (parser.feed(said), parser.ended, parser.keeps) == (body, True, True)


@pytest.mark.parametrize("said", [SHORT, OK + b"Content-Length: 2\r\n\r\n", CHUNKED + b"0\r\n\r\n", OK + b"\r\n"])
def test_an_answer_to_head_has_no_body_and_its_connection_does_not_serve_again(said: bytes) -> None:
    assert read([said], "HEAD") == Read(CLOSED)


# --- limits ------------------------------------------------------------------------------------------------------

_HEADER = b"X: " + b"a" * 997 + b"\r\n"
FLOODS = {
    "a header": (OK + b"X: ", b"a" * 1_000),
    "a name": (OK, b"a" * 1_000),
    "a reason phrase": (b"HTTP/1.1 200 ", b"a" * 1_000),
    "headers": (OK, _HEADER),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
    "an interim answer's headers": (b"HTTP/1.1 103 X\r\n", _HEADER),
    "trailers": (CHUNKED + b"2\r\nok\r\n0\r\n", _HEADER),
    "a trailer": (CHUNKED + b"2\r\nok\r\n0\r\nX:", b"a" * 1_000),
    "an extension": (CHUNKED + b"2;a=", b"a" * 1_000),
    "zeros of a size": (CHUNKED, b"0" * 1_000),
    "empty lines before the status": (b"", b"\r\n" * 500),
}


@pytest.mark.proves("F25", "F27", "promise 8")
@pytest.mark.parametrize("at_once", [1, 30, 300])
@pytest.mark.parametrize("name", FLOODS)
def test_what_has_no_end_is_given_up(name: str, at_once: int) -> None:
    first, more = FLOODS[name]
    parser = ResponseParser()
    parser.feed(first)
    fed = 0
    while parser.error is None:
        parser.feed(more * at_once)
        fed += len(more) * at_once
        assert fed <= 2 * HEAD_LIMIT + len(more) * at_once


def test_a_head_may_be_as_long_as_the_limit_and_no_longer() -> None:
    fits = b"X: " + b"a" * (HEAD_LIMIT - 200) + b"\r\n"
    assert read([OK + fits + EMPTY]).then == KEPT
    assert read([OK + fits + b"Y: " + b"a" * 300 + b"\r\n" + EMPTY]) == REFUSED


def test_headers_may_be_as_many_as_the_limit_and_no_more() -> None:
    assert read([OK + b"X: a\r\n" * (HEADERS_LIMIT - 1) + EMPTY]).then == KEPT
    assert read([OK + b"X: a\r\n" * HEADERS_LIMIT + EMPTY]) == REFUSED


def test_interim_answers_may_be_as_many_as_the_limit_and_no_more() -> None:
    interim = b"HTTP/1.1 102 Processing\r\n\r\n"
    assert read([interim * INTERIM_LIMIT + SHORT]) == ok()
    assert read([interim * (INTERIM_LIMIT + 1) + SHORT]) == REFUSED


def test_framing_is_counted_from_one_piece_of_the_body_to_the_next() -> None:
    parser = ResponseParser()
    parser.feed(CHUNKED)
    for _ in range(100):
        parser.feed(b"1;a=" + b"b" * 2_000)
        parser.feed(b"\r\na\r\n")
    assert parser.error is None


def test_what_refused_an_answer_is_said() -> None:
    parser = ResponseParser()
    parser.feed(b"HTTP/1.1 101 X\r\n\r\n")
    assert str(parser.error) == "another protocol, which was not asked for"


def test_after_its_end_nothing_is_kept_until_a_collection() -> None:
    class Parser(ResponseParser):
        __slots__ = ("__weakref__",)

    gc.disable()
    try:
        parser = Parser()
        parser.feed(SHORT)
        parser.close()
        kept = weakref.ref(parser)
        del parser
        assert kept() is None
    finally:
        gc.enable()
