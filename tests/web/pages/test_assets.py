"""Each file that the page loads is ours, and kept by browsers only under the name of its content."""

import re

from passenger.web.pages.assets import DIRECTORY, TYPES, assets


def test_each_file_that_is_there_is_served_and_no_other() -> None:
    assert {path.name for path in DIRECTORY.iterdir()} == set(TYPES)


def test_its_address_changes_with_its_content() -> None:
    addresses = [asset.address for asset in assets().values()]
    assert all(re.fullmatch(r"/page/[a-z.]+\?[0-9a-f]{12}", address) for address in addresses)
    assert len(set(addresses)) == len(TYPES)
