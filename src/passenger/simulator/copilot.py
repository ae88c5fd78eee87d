"""The Copilot API (CAPI): who may ask, which path, which headers.

A path that generates is one entry of `SURFACES` and one module that answers it.
"""

import email.utils
import hashlib
import itertools
import re
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec

from passenger.simulator import chat, embeddings, quota
from passenger.simulator.account import Account
from passenger.simulator.bill import Charge
from passenger.simulator.billing import nano
from passenger.simulator.caching import PromptCache
from passenger.simulator.catalogue import Catalogue, Model
from passenger.simulator.faults import Directive, Fault, UsageShown, directives, header_directives
from passenger.simulator.messages import api as messages
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import (
    EXPIRED,
    INVALID_BODY,
    MISDIRECTED,
    NO_EDITOR,
    NOT_FOUND,
    ODD_EDITOR,
    PAT_BEARER,
    UNAUTHENTICATED,
    UNLICENSED,
    Refusal,
    RefusedError,
)
from passenger.simulator.reply import JSON_TYPE, STREAM_TYPE, UNMETERED, Fields, Reply, go_json
from passenger.simulator.responses import api as responses
from passenger.simulator.surface import Asked, Generated, Surface

EDITOR_VERSION = re.compile(r"[A-Za-z][\w.-]*/\d[\w.+-]*")  # <name>/<version>

CONSTANT_HEADERS: Fields = (
    ("x-github-backend", "Kubernetes"),
    ("x-copilot-api-exp-assignment-context", "simulated:1;"),
    ("x-github-copilot-request-te", "true"),
    ("x-github-edge-region", "simulated"),
    ("content-security-policy", "default-src 'none'; sandbox"),
    ("strict-transport-security", "max-age=31536000"),
)
AZURE_HEADERS: Fields = (("azureml-model-deployment", "simulated-deployment"), ("apim-request-id", "simulated"))


SURFACES: dict[str, Surface] = {
    chat.PATH: chat.SURFACE,
    embeddings.PATH: embeddings.SURFACE,
    messages.PATH: messages.SURFACE,
    messages.COUNT_PATH: messages.COUNT_SURFACE,
    responses.PATH: responses.SURFACE,
}


def orders(request: Recorded, cues: Mapping[str, str]) -> list[Directive]:
    """The directives of a request: those in the last text its user wrote or on cue of it, then those in its header."""
    found: list[Directive] = []
    if (cues or b"[[" in request.body) and (surface := SURFACES.get(request.route)) is not None:
        said = _prompted(request, surface)
        found += [one for text in (said, *_on_cue(said, cues)) for one in directives(text)]
    if (header := request.header("x-simulator-fault")) is not None:
        found += header_directives(header)
    return found


def _on_cue(said: str, cues: Mapping[str, str]) -> list[str]:
    return [text for cue, text in cues.items() if cue in said]


def _prompted(request: Recorded, surface: Surface) -> str:
    try:
        return surface.prompted(request.json())
    except ValueError:  # no JSON, no directives; the surface will refuse it
        return ""


class Copilot:
    """The Copilot API for one account."""

    def __init__(
        self,
        account: Account,
        catalogue: Catalogue,
        created: int,
        seed: int,
        cues: Mapping[str, str],
        *,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._account = account
        self._catalogue = catalogue
        self._created = created
        self._seed = seed
        self._cues = cues
        self._cache = PromptCache()
        self._numbers = numbers or itertools.count(1)  # of requests, whoever asks
        self._date = (0, "")

    def answer(self, request: Recorded, fault: Fault) -> Reply:
        """Answer a request: let it in or not, then by its path."""
        headers = self.headers(request)
        try:
            self._admit(request)
            return self._dispatch(request, fault, headers)
        except RefusedError as error:
            return error.refusal.reply(headers)

    def headers(self, request: Recorded) -> Fields:
        """What every answer of CAPI carries; a client's request id is echoed."""
        number = next(self._numbers)
        now = self._account.clock()
        if int(now) != self._date[0]:
            self._date = (int(now), email.utils.formatdate(now, usegmt=True))
        session = hashlib.blake2b(str(number).encode(), digest_size=32).hexdigest()
        return (
            ("x-request-id", request.header("x-request-id") or str(uuid.UUID(int=number))),
            ("x-github-request-id", f"51A1:{number:06X}:0:0:0"),
            ("x-copilot-service-request-id", str(uuid.UUID(int=number << 64))),
            ("copilot-edits-session", f"{now:.6f}.{session}"),
            ("date", self._date[1]),
            *CONSTANT_HEADERS,
        )

    def _admit(self, request: Recorded) -> None:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(UNAUTHENTICATED)
        if self._account.takes_as_it_is(token, request.header("copilot-integration-id")):
            if not self._account.licensed:
                raise RefusedError(UNLICENSED)
            return  # a GitHub login as it is: any host, no editor
        if token.startswith(("ghp_", "github_pat_")):
            raise RefusedError(PAT_BEARER)
        minted = self._account.minted.get(token)
        if minted is None:
            raise RefusedError(UNAUTHENTICATED)
        if minted.host != self._account.host or (request.header("host") or "").lower() != self._account.host:
            raise RefusedError(MISDIRECTED)
        if minted.revoked or minted.expires_at <= self._account.clock():
            raise RefusedError(EXPIRED)
        editor = request.header("editor-version")
        if not editor:
            raise RefusedError(NO_EDITOR)
        if not EDITOR_VERSION.fullmatch(editor):
            raise RefusedError(ODD_EDITOR)

    def _dispatch(self, request: Recorded, fault: Fault, headers: Fields) -> Reply:
        route = request.route
        if request.method == "POST" and route in SURFACES:
            return self._generate(request, fault, headers)
        if request.method == "GET" and route == "/models":
            return self._models(request, headers)
        if request.method == "GET" and route == "/_ping":
            return Reply(200, (("content-type", "text/plain; charset=utf-8"), *headers), b"OK\n")
        if route.startswith("/models/"):
            return self._model(request, urllib.parse.unquote(route.removeprefix("/models/")), headers)
        raise RefusedError(NOT_FOUND)

    def _generate(self, request: Recorded, fault: Fault, headers: Fields) -> Reply:
        found = orders(request, self._cues)
        asked = Asked(request, fault, found, self._account, self._catalogue, self._cache, self._created, self._seed)
        made = SURFACES[request.route].reply_to(asked)
        fields = (*headers, *(AZURE_HEADERS if made.model.vendor == "azure" else ()))
        if made.metered:
            fields = (*fields, *quota.headers(self._account))
        charge = self._charge(request, made, dict(headers)["x-request-id"], asked.shows)
        return replace(_reply(made, fields), meter=charge or UNMETERED)

    def _charge(self, request: Recorded, made: Generated, request_id: str, shows: UsageShown) -> Charge | None:
        """What the answer will cost; None for what is never billed."""
        if made.counts is None:
            return None
        by_requests = self._account.unit == "premium_requests" and made.metered
        is_free = not by_requests or (request.header("x-initiator") or "user") == "agent"
        return Charge(
            self._account.bill,
            request_id,
            request.route,
            made.model,
            made.counts,
            made.thinking,
            told=_told(made, shows),
            premium=0 if is_free else round(1000 * made.model.multiplier),
            events=made.body if isinstance(made.body, tuple) else None,
        )

    def _models(self, request: Recorded, headers: Fields) -> Reply:
        body = self._catalogue.listing(request.header("x-github-api-version"), self._account.enabled)
        return Reply(200, (("content-type", JSON_TYPE), ("cache-control", "private, max-age=21600"), *headers), body)

    def _model(self, request: Recorded, name: str, headers: Fields) -> Reply:
        wants_policy = request.method == "POST" and name.endswith("/policy")
        model = self._catalogue.find(name.removesuffix("/policy") if wants_policy else name)
        if model is None or not (wants_policy or request.method == "GET"):
            raise RefusedError(NOT_FOUND)
        if wants_policy:
            body = self._set_policy(model, request)
        else:
            body = self._catalogue.entry(model, request.header("x-github-api-version"), self._account.enabled)
        return Reply(200, (("content-type", JSON_TYPE), *headers), body)

    def _set_policy(self, model: Model, request: Recorded) -> bytes:
        try:
            asked = request.json()
        except msgspec.DecodeError as error:
            raise RefusedError(INVALID_BODY) from error
        if not isinstance(asked, dict) or asked.get("state") not in {"enabled", "disabled"}:
            raise RefusedError(INVALID_BODY)
        if self._account.plan in {"business", "enterprise"}:
            raise RefusedError(Refusal(403, "forbidden: your organization manages this policy"))
        if asked["state"] == "enabled" and "policy" in model.entry:
            self._account.enabled.add(model.id)
        else:
            self._account.enabled.discard(model.id)
        return go_json({"state": asked["state"], "terms": model.entry.get("policy", {}).get("terms", "")})


def _told(made: Generated, shows: UsageShown) -> int | None:
    """The cost that an answer tells; embeddings tell none."""
    if made.counts is None or not made.metered or shows == "absent":
        return None
    return 0 if shows == "zero" else nano(made.model, made.counts)


def _reply(made: Generated, headers: Fields) -> Reply:
    if isinstance(made.body, bytes):
        return Reply(200, (("content-type", JSON_TYPE), *headers), made.body)
    return Reply(200, (("content-type", STREAM_TYPE), *headers), events=made.body, done=made.done, error=made.error)
