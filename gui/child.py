"""A child process of ours as a `QProcess`; see `engine.child`."""

from PyQt6.QtCore import QObject, QProcess, QProcessEnvironment

from engine.child import child_command, child_environment

__all__ = ["child_process"]


def child_process(parent: QObject, module: str, *arguments: str) -> QProcess:
    """Return a process, not yet started, that runs one of our modules as a program."""
    process = QProcess(parent)
    program, *rest = child_command(module, *arguments)
    process.setProgram(program)
    process.setArguments(rest)
    environment = QProcessEnvironment()
    for name, value in child_environment().items():
        environment.insert(name, value)
    process.setProcessEnvironment(environment)
    return process
