"""SES: send a letter in plain text. Knows nothing of notices.

Invariant: no address and no subject can add a header: they hold no line breaks, and SES is given
the parts of the letter, not a text with headers in it.
"""

from __future__ import annotations

import re

from rescuebot.adapters.sns import client, own_errors, refused
from rescuebot.settings import AwsSettings

_SUBJECT = 200
_MOST_LETTERS = 100_000
# Stricter than RFC 5321 on purpose: one address, no display name, no comment, no quotes.
_ADDRESS = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$")


class Mail:
    """The letters of one region. A client of boto3 may be shared by threads."""

    def __init__(self, aws: AwsSettings) -> None:
        self._client = client("ses", aws)

    def send(self, *, sender: str, to: str, subject: str, text: str) -> str:
        """Send a letter to one address; returns the id that SES gave it."""
        for address in (sender, to):
            if not _ADDRESS.fullmatch(address):
                raise refused("SES", "bad_address")
        body = text.encode("utf-8", "replace").decode("utf-8")[:_MOST_LETTERS]
        with own_errors("SES"):
            answer = self._client.send_email(
                Source=sender,
                Destination={"ToAddresses": [to]},
                Message={
                    "Subject": {"Data": _one_line(subject), "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": body, "Charset": "UTF-8"}},
                },
            )
            return str(answer["MessageId"])


def _one_line(text: str) -> str:
    """Without anything that ends a line, for whoever reads it, or that cannot be sent."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:_SUBJECT] or "Rescue Bot"
