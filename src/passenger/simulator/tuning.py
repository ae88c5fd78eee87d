"""Fields that only tune an answer, and that some models do not take.

The flags of a model stand in `catalogue.json` under `simulated`, which `GET /models` does not show. They hold on the
surface that is the model's own; an order (`[[unsupported temperature]]`) holds on every one.
"""

from passenger.simulator.catalogue import Model
from passenger.simulator.faults import Fault
from passenger.simulator.question import Body


def unsupported(body: Body, fault: Fault, model: Model | None = None) -> str | None:
    """The first field of a body that is not supported, or None."""
    refused = {*fault.unsupported, *(model.unsupported if model is not None else ())}
    return next((field for field, value in body.items() if field in refused and value is not None), None)
