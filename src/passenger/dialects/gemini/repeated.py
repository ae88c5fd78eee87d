"""Google's repeated fields; it hides that a client may leave the brackets of a single element out.

Fact: Google's own examples say `"contents": {"parts": {"text": …}}`, and many clients do (seen in public code).
"""

from passenger.decoding import JSON, expect


def objects(document: JSON, name: str, place: str = "") -> list[tuple[str, JSON]]:
    """The objects of a repeated field, each after its place; none where it is absent or null.

    Raises:
        Failure: it is neither an object nor a list of objects.
    """
    field, value = f"{place}{name}", document.get(name)
    if value is None:
        return []
    listed = [value] if isinstance(value, dict) else expect(value, list, field)
    return [(f"{field}[{at}]", expect(entry, dict, f"{field}[{at}]")) for at, entry in enumerate(listed)]
