"""A way that fails for good: the next ways tell of it once, not with each notice.

Invariant: for each time that a way stopped working there is one notice in a channel. Its number is
the receipt of what the way took last, so the outbox's unique key holds it to that.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from rescuebot.events.reported import Severity
from rescuebot.notices import service as notices
from rescuebot.notices.facts import Trouble
from rescuebot.notices.model import Notice, NoticeReceipt

# What a way says when it takes nothing more until somebody mends it, each in its own words.
LASTING = frozenset(
    "account_inactive channel_is_no_id channel_not_found invalid_auth is_archived missing_scope "
    "not_authed not_in_channel token_expired token_revoked "
    "AccessDenied AccessDeniedException AccountSuspendedException AuthorizationError "
    "InvalidClientTokenId KMSAccessDenied KMSDisabled KMSInvalidState KMSNotFound "
    "MailFromDomainNotVerifiedException NoCredentialsError NotFound NotFoundException "
    "SignatureDoesNotMatch UnrecognizedClientException".split()
)
# With these a way has really taken something; an update may have been refused in silence.
TAKEN = ("posted", "found", "partly")
_KIND = "trouble"


def put(*, session: Session, channel: str, way: str, reason: str, now: datetime) -> bool:
    """Let a channel be told that one of its ways refuses; False when it was told so already."""
    _, is_new = notices.put_once(
        session=session,
        channel=channel,
        thread_key=f"{_KIND}:{way}:{reason}",
        state="opened",
        number=_last_taken(session, channel, way),
        severity=Severity.CRITICAL,
        now=now,
    )
    return is_new


def of_thread(key: str) -> Trouble:
    """What a thread's key says of it."""
    way, _, reason = key.partition(":")
    return Trouble(way=way, reason=reason)


def _last_taken(session: Session, channel: str, way: str) -> int:
    query = (
        select(NoticeReceipt.id)
        .join(Notice, Notice.id == NoticeReceipt.notice_id)
        .where(
            Notice.channel == channel,
            NoticeReceipt.way == way,
            NoticeReceipt.ok,
            NoticeReceipt.code.in_(TAKEN),
        )
    )
    return session.scalar(query.order_by(NoticeReceipt.id.desc()).limit(1)) or 0
