"""The task for Windows' scheduler; not run by us: https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema."""

import subprocess
from xml.sax.saxutils import escape

from passenger.services.definition import TITLE, Definition

TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.4" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>{title}</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <Hidden>true</Hidden>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>3</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{directory}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def task(service: Definition) -> str:
    """The text of the task, which the scheduler reads as UTF-16; it has no place for variables."""
    program, *arguments = service.command
    return TASK.format(
        title=escape(TITLE),
        command=escape(program),
        arguments=escape(subprocess.list2cmdline(arguments)),
        directory=escape(str(service.directory)),
    )
