"""Sessions: what was heard and played, kept safe while it happens and made readable after."""

from engine.session.content import Session, SessionInfo
from engine.session.events_file import read_session
from engine.session.recorder import SessionRecorder
from engine.session.recover import Recovered, recover

__all__ = ["Recovered", "Session", "SessionInfo", "SessionRecorder", "read_session", "recover"]
