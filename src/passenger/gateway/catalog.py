"""The list of an account's models, fetched."""

from passenger.copilot.models import Model, read_models
from passenger.exchange import Exchange
from passenger.gateway.seat import Deadlines
from passenger.session import Session
from passenger.upstream import Call, Upstream


async def fetch_models(
    upstream: Upstream, session: Session, *, url: str, anonymous: bool, deadlines: Deadlines
) -> list[Model]:
    """The catalogue at `url`, which is below the API's base URL unless it is a whole URL of its own."""
    headers = {"Accept": "application/json"}
    call = Call(session, "GET", url, headers, deadlines.first_byte, deadlines.idle, anonymous=anonymous)
    with await upstream.send(call, Exchange("GET", url)) as reply:
        return read_models(await reply.read())
