"""The task for Windows, read back; nobody has run it."""

from pathlib import Path
from xml.etree import ElementTree

from passenger.services.definition import Definition
from passenger.services.windows import task

SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def test_it_starts_at_logon_and_is_never_ended_for_taking_long() -> None:
    service = Definition(Path("C:/A & B/pythonw.exe"), Path("C:/c"), Path("C:/s <1>"), arguments=("-c", "C:/my x.toml"))
    tree = ElementTree.fromstring(task(service).partition("?>")[2])
    found = {element.tag.removeprefix(SPACE): element.text for element in tree.iter()}
    assert found["Command"] == str(service.python)
    assert found["Arguments"] == "-P -m passenger " + " ".join(service.command[4:-1]) + ' "C:/my x.toml"'
    assert found["WorkingDirectory"] == str(service.state_dir)
    assert found["ExecutionTimeLimit"] == "PT0S"
    assert found["LogonTrigger"] is None
