"""Access control of everything that listens on the network: hosts, origins, token, rate limit.

The page is for one stage, not for the web: requests must name this machine by address or
``localhost`` (DNS rebinding), browsers must come from the page itself (cross-site WebSocket
hijacking), orders need the token, and floods are limited.
"""

import hmac
import ipaddress
from urllib.parse import urlsplit

__all__ = ["Bucket", "host_allowed", "origin_allowed", "token_matches"]


def host_allowed(host: str | None, bound: str) -> bool:
    """Return whether a ``Host`` header names this machine: an address, localhost, or ``bound``."""
    if not host:
        return False
    name = urlsplit(f"//{host}").hostname or ""
    if name in ("localhost", bound):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def origin_allowed(origin: str | None, host: str | None) -> bool:
    """Return whether a WebSocket was opened by our page; programs send no origin."""
    return origin is None or (host is not None and origin in (f"http://{host}", f"https://{host}"))


def token_matches(given: str | None, token: str) -> bool:
    """Compare in constant time; an empty token allows nothing."""
    return bool(token) and hmac.compare_digest((given or "").encode(), token.encode())


class Bucket:
    """Lets ``rate`` orders a second through, and ``burst`` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at_s: float | None = None

    def allow(self, now_s: float) -> bool:
        """Return whether one more may pass now."""
        passed = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._at_s = now_s
        self._left = min(self._burst, self._left + passed * self._rate)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
