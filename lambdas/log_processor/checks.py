"""Whether what looks like a secret or a number of a person is one.

Each is asked with the whole of a match and with the value in it. They are those of the library,
which the tests hold them to.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

_ENTROPY = 3.7
# What stands where a value may stand and is none.
_NO_VALUES = frozenset(
    "yes no true false null nil none empty required missing unset ok failed on off set not is was "
    "the for from has x y n".split()
)
_UNITS = frozenset(
    "service socket target timer slice mount device scope path swap conf cnf".split()
)
_BRANDS = re.compile(
    r"4\d{12}(\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0568]\d{12,14}|6\d{15,18}"
)
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def always(whole: str, value: str) -> bool:
    """The pattern alone decides."""
    return True


def is_value(whole: str, value: str) -> bool:
    """Whether a value stands behind the name of a secret, and not a word about it."""
    if value.lower().strip(".") in _NO_VALUES or len(value) < 2 or set(value) <= set("*xX.-_"):
        return False
    name = re.split(r"[=:]", whole, maxsplit=1)[0].lower()
    if "tokens" in name or value.startswith(("/", "$", "%")):
        return not (value.isdigit() or value.startswith(("/", "$", "%")))
    # "/etc/passwd: Permission denied" and "unexpected token: identifier" speak of it.
    speaks = name.startswith("/") or "unexpected" in whole.lower()
    return not (speaks and value.isalpha())


def is_random(whole: str, value: str) -> bool:
    """Whether a long word has no meaning: letters of both cases and digits, well mixed."""
    kinds = [_kind(letter) for letter in value]
    # Paths and names of classes have few changes from one kind to another.
    changes = sum(one != other for one, other in pairwise(kinds))
    mixed = {0, 1, 2} <= set(kinds) and changes * 3 >= len(value)
    return mixed and _entropy(value) >= _ENTROPY


def _kind(letter: str) -> int:
    return 0 if letter.islower() else 1 if letter.isupper() else 2 if letter.isdigit() else 3


def _entropy(value: str) -> float:
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


def is_login(whole: str, value: str) -> bool:
    """A port and a path are no password, although an @ may follow somewhere."""
    return not re.match(r"[0-9]{1,5}(/|$)", value)


def is_email(whole: str, value: str) -> bool:
    """Units of systemd and files look like addresses."""
    return value.rpartition(".")[2].lower() not in _UNITS


def is_card(whole: str, value: str) -> bool:
    """A number of a card: of a known brand, and with the right check digit."""
    digits = [int(letter) for letter in value if letter.isdigit()]
    doubled = [
        n if place % 2 == 0 else sum(divmod(2 * n, 10)) for place, n in enumerate(digits[::-1])
    ]
    return sum(doubled) % 10 == 0 and bool(_BRANDS.fullmatch("".join(map(str, digits))))


def is_iban(whole: str, value: str) -> bool:
    """A number of a bank account with the right check digits."""
    plain = value.replace(" ", "")
    turned = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def is_resident(whole: str, value: str) -> bool:
    """A Korean resident number: a birthday, and without its dash also the right check digit."""
    digits = [int(letter) for letter in value if letter.isdigit()]
    month, day = int(value[2:4]), int(value[4:6])
    weighted = sum(n * weight for n, weight in zip(digits, _WEIGHTS, strict=False))
    is_checked = "-" in value or (11 - weighted % 11) % 10 == digits[12]
    return 1 <= month <= 12 and 1 <= day <= 31 and is_checked


def is_phone(whole: str, value: str) -> bool:
    """As many digits as a number of a telephone has."""
    return 9 <= sum(letter.isdigit() for letter in value) <= 15
