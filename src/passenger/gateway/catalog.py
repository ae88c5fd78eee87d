"""The list of an account's models, fetched."""

from passenger.copilot.call import Call, Operation
from passenger.copilot.models import Model, read_models
from passenger.exchange import Exchange
from passenger.gateway.seat import Deadlines
from passenger.upstream import Upstream


async def fetch_models(upstream: Upstream, *, url: str, is_anonymous: bool, deadlines: Deadlines) -> list[Model]:
    """The catalogue at `url`, which is below the API's base URL unless it is a whole URL of its own."""
    call = Call(
        Operation.LIST_MODELS,
        url,
        first_byte=deadlines.first_byte,
        idle=deadlines.idle,
        is_anonymous=is_anonymous,
    )
    with await upstream.send(call, Exchange("GET", url)) as reply:
        return read_models(await reply.read())
