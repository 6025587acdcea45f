"""The spellings under which one Latin American mobile is known; numbers are matched through these, never rewritten."""

import re

# Argentina: mobiles carry a 9 after 54 in WhatsApp, and are often written without it. Area codes begin with 1, 2 or 3.
_ARGENTINA = (re.compile(r"\+549([123][0-9]{9})"), re.compile(r"\+54([123][0-9]{9})"), "+549{}", "+54{}")
# Mexico: a 1 after 52 was dialled for mobiles until 2019 and lives on in old ids. Area codes begin with 2 to 9.
_MEXICO = (re.compile(r"\+521([2-9][0-9]{9})"), re.compile(r"\+52([2-9][0-9]{9})"), "+521{}", "+52{}")
# Brazil: mobiles got a ninth digit between 2012 and 2016. Only numbers in 6 to 9 were mobiles before; 2 to 5 are
# landlines, and one must never match a mobile that merely ends alike.
_BRAZIL = (
    re.compile(r"\+55([1-9][1-9])9([6-9][0-9]{7})"),
    re.compile(r"\+55([1-9][1-9])([6-9][0-9]{7})"),
    "+55{}9{}",
    "+55{}{}",
)


def phone_variants(phone: str) -> tuple[str, ...]:
    """An E.164 number as given, then the other spelling of the same mobile if its country has one.

    Source: numbering plans of Argentina, Mexico and Brazil, and the ids that WhatsApp gives to such numbers.
    """
    for long_form, short_form, long_spelling, short_spelling in (_ARGENTINA, _MEXICO, _BRAZIL):
        if found := long_form.fullmatch(phone):
            return phone, short_spelling.format(*found.groups())
        if found := short_form.fullmatch(phone):
            return phone, long_spelling.format(*found.groups())
    return (phone,)
