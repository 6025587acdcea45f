"""A person of a spreadsheet as django-import-export reads it: cells cleaned by widgets, saved by our services."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import tablib
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from config.lib.errors import AppError, Conflict, Forbidden, Invalid
from config.lib.ids import as_uuid
from crm.domain.amounts import parse_amount
from crm.domain.phones import phone_variants
from crm.domain.search import normalised
from crm.domain.spreadsheet import Rounded, whole_number
from crm.importing.mapping import CONTACT, LEAD, Choices
from crm.importing.people import KnownPeople, Met, Who
from crm.models import Assignment, Contact, ImportBatch, Interest, Lead, Seller, Stage, Touch
from crm.services import contacts, custom_fields, leads
from crm.services.finding import checked_email, number_of
from crm.services.tags import LONGEST as LONGEST_TAG
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import Membership

LONGEST = {"name": 200, "city": 120, "notes": 20_000, "source": 60}
MOST_MONEY = Decimal(10) ** 12
Policy = ImportBatch.Policy


class Words(widgets.Widget):
    """Text in one form of its accents, of a length that the column holds."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        text = unicodedata.normalize("NFC", str(value or "").strip())
        if len(text) > self.most:
            raise ValueError(_("Hasta %(most)s letras.") % {"most": self.most})
        return text


class Made(widgets.Widget):
    """What one of our own functions makes of the text; its refusal is the cell's error."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make = make

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        try:
            return self.make(str(value or "").strip())
        except AppError as error:
            raise ValueError(str(error.message)) from error


@lru_cache(maxsize=2_000)
def _number(raw: str, currency: str) -> str:
    return number_of(raw)


def phone(raw: str) -> str:
    """E.164; a number that lost digits in the spreadsheet is refused and never guessed."""
    try:
        whole = whole_number(raw)
    except Rounded as error:
        raise Invalid(
            _("La planilla redondeó el número. Dar formato de texto a la columna y copiarlo de nuevo.")
        ) from error
    return _number(whole, current_tenant().currency)


def labels(raw: str) -> list[str]:
    names = list(dict.fromkeys(" ".join(each.split()) for each in raw.replace(";", ",").replace("|", ",").split(",")))
    if any(len(each) > LONGEST_TAG for each in names):
        raise Invalid(_("Una etiqueta lleva hasta %(n)d letras.") % {"n": LONGEST_TAG})
    return [each for each in names if each]


def amount(raw: str) -> Decimal | None:
    if not raw:
        return None
    value = parse_amount(raw)
    if value is None or value >= MOST_MONEY or value != round(value, 2):
        raise Invalid(_("Escribir un importe, por ejemplo 1.500,50."))
    return value


def interest(raw: str) -> str:
    by_words = {normalised(str(label)): value for value, label in Interest.choices} | {each: each for each in Interest}
    if raw and normalised(raw) not in by_words:
        raise Invalid(_("Ese nivel de interés no existe."))
    return str(by_words.get(normalised(raw), ""))


def currency(raw: str) -> str:
    if raw and not (len(raw) == 3 and raw.isascii() and raw.isalpha()):
        raise Invalid(_("La moneda lleva tres letras, por ejemplo ARS."))
    return raw.upper()


@dataclass
class Plan:
    """What a row will do: `changes` of the contact, and what its new lead holds (None: no new lead)."""

    changes: dict[str, Any] = field(default_factory=dict)
    lead: dict[str, Any] | None = None
    note: str = ""  # why nothing happens
    before: dict[str, Any] = field(default_factory=dict)  # for ImportRow.before
    made: Lead | None = None


class People(resources.ModelResource):
    """One chunk of rows. A check goes the same way as an import, without the last step: nothing is saved (`saves`).

    The library's own dry run would write every row and take it back.
    """

    class Meta:
        model = Contact
        fields: tuple[str, ...] = ()
        import_id_fields: tuple[str, ...] = ()
        instance_loader_class = KnownPeople
        skip_diff = True
        report_skipped = True
        use_transactions = False  # the library would undo all for one; each row has a savepoint of its own below
        store_instance = True

    def __init__(
        self,
        *,
        batch: ImportBatch,
        known: Choices,
        member: Membership,
        by: Actor,
        met: Met,
        owner: Seller | None,
        saves: bool,
    ) -> None:
        super().__init__()
        self.batch, self.known, self.member, self.by, self.met, self.owner = batch, known, member, by, met, owner
        self.saves, self.makes_leads = saves, batch.makes_leads
        self.people: KnownPeople | None = None
        self.fields = {
            code: fields.Field(attribute=code, column_name=code, widget=self._widget(code)) for code in self._codes()
        }
        self.stage: Stage | None = None  # of new leads; the same for all of a chunk
        self.read: dict[str, Any] = {}
        self.plan = Plan()
        self.plans: list[Plan] = []

    def _codes(self) -> list[str]:
        return [code for code in self.batch.mapping.values() if code != "last_name"]

    def get_import_order(self) -> list[str]:
        return list(self.fields)

    def _widget(self, code: str) -> widgets.Widget:
        made = {"phone": phone, "email": checked_email, "tags": labels, "value": amount, "interest": interest,
                "currency": currency}  # fmt: skip
        if code in made:
            return Made(made[code])
        own = self.known.own.get(code)
        if own is not None:
            return Made(lambda raw: custom_fields.fit(own, raw))
        return Words(LONGEST.get(code, custom_fields.LONGEST_BUILT_IN))

    # --- who it is -------------------------------------------------------------------------------------------
    def who(self, row: Mapping[str, str]) -> Who:
        """What the row says of who it is; what cannot be read says nothing here, and is the row's error later."""
        said = {}
        for code, clean in (("phone", phone), ("email", checked_email)):
            try:
                said[code] = clean(row.get(code) or "")
            except AppError:
                said[code] = ""
        return Who(
            said["phone"], said["email"], row.get("id") or "", unicodedata.normalize("NFC", row.get("name") or "")
        )

    def get_instance(self, instance_loader: KnownPeople, row: Any) -> Contact | None:
        self.people = instance_loader
        return instance_loader.get_instance(row)

    # --- what it says ----------------------------------------------------------------------------------------
    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        self.read, self.plan = {}, Plan()
        self.plans.append(self.plan)

    def import_field(self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        self.read[field.column_name] = field.clean(row)

    def skip_row(self, instance: Contact, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """Whether nothing is to be done; the plan says what is."""
        if import_validation_errors:
            return False
        with _in_words():
            return self._planned(instance, row)

    def _planned(self, instance: Contact, row: Any) -> bool:
        who, new = self.who(row), instance._state.adding
        if not (who.phone or who.email or who.name):
            raise Invalid(_("Falta el nombre, el teléfono o el correo."))
        if who.id and new and as_uuid(who.id) is None:
            raise Invalid(_("Ese id de contacto no existe."))
        earlier = self.met.earlier(who)
        if earlier is not None:
            self.plan.note = _("Es la misma persona que la fila %(n)s: no se usó.") % {"n": earlier}
            return True
        if not new:
            self._may_be_touched(instance)
        self.met.note(who, int(row["number"]))
        self.plan.changes = self._changes(instance) if new or self.batch.policy != Policy.SKIP else {}
        self.plan.lead = self._lead(instance)
        return not new and not self.plan.changes and self.plan.lead is None

    def _may_be_touched(self, contact: Contact) -> None:
        assert self.people is not None
        if contact.blocked_at is not None:
            raise Forbidden(_("Está bloqueado: no se importa."), code="blocked")
        if contact.pk not in self.people.visible:
            raise Conflict(_("Es un contacto que atiende otra persona."), code="duplicate_contact")

    def _changes(self, contact: Contact) -> dict[str, Any]:
        """Fields of the contact → new values, by the policy. An empty cell never takes anything away."""
        said = {code: value for code, value in self.read.items() if value not in (None, "", []) and code != "id"}
        replaces = self.batch.policy == Policy.REPLACE
        wanted: dict[str, Any] = {}
        for name in ("name", "phone", "email", "city", "notes"):
            value, held = said.get(name, ""), getattr(contact, name) or ""
            if value and value != held and (not held or (replaces and not self._is_theirs(contact, name, value))):
                wanted[name] = value
        tags = [*said.get("tags", ()), *self.batch.options.get("tags", ())]
        kept = [] if replaces and said.get("tags") else list(contact.tags)
        folded = {each.casefold(): each for each in (*tags, *kept, *contact.tags)}  # as it is spelled already
        united = [folded[key] for key in dict.fromkeys(each.casefold() for each in (*kept, *tags))]
        if sorted(united) != sorted(contact.tags):
            wanted["tags"] = united
        custom = {code.removeprefix(CONTACT): value for code, value in said.items() if code.startswith(CONTACT)}
        custom = {
            key: value
            for key, value in custom.items()
            if contact.custom.get(key) != value and (replaces or key not in contact.custom)
        }
        return {**wanted, **({"custom": custom} if custom else {})}

    def _is_theirs(self, contact: Contact, name: str, value: str) -> bool:
        """Whether a phone is another spelling, or a further one, of the person's; an e-mail likewise."""
        assert self.people is not None
        further = self.people.points.get(contact.pk, set())
        if name == "phone":
            return contact.phone in phone_variants(value) or bool(further.intersection(phone_variants(value)))
        return name == "email" and value in further

    def _lead(self, contact: Contact) -> dict[str, Any] | None:
        """What the new lead holds. Somebody with a lead from there already gets no second one."""
        source = self.read.get("source") or self.batch.options.get("source", "")
        if not self.makes_leads:
            return None
        if not contact._state.adding:
            assert self.people is not None
            held = self.people.sources.get(contact.pk, set())
            if self.batch.policy == Policy.SKIP or (held if not source else source in held):
                return None
        custom = {
            code.removeprefix(LEAD): value
            for code, value in self.read.items()
            if code.startswith(LEAD) and value not in (None, "", [])
        }
        return {
            "source": source,
            "value": self.read.get("value"),
            "currency": self.read.get("currency") or "",
            "interest": self.read.get("interest") or "",
            "custom": custom,
        }

    # --- saving ----------------------------------------------------------------------------------------------
    def save_instance(self, instance: Contact, is_create: bool, row: Any, **kwargs: Any) -> None:
        if self.saves:
            with _in_words(), transaction.atomic():
                self._save(instance, is_create, self.plan)

    def _save(self, instance: Contact, is_create: bool, plan: Plan) -> None:
        contact = instance
        if is_create:
            contact = contacts.create_contact(by=self.by, compared=False, **plan.changes)
            instance.pk = contact.pk
        elif plan.changes:
            held = _held(contact, plan.changes)
            contact = contacts.update_contact(contact=contact, by=self.by, compared=False, **plan.changes)
            now = _held(contact, plan.changes)
            plan.before = {"fields": {name: [held[name], now[name]] for name in held}}
        if plan.lead is not None:
            self.stage = self.stage or leads.initial_stage()
            plan.made = leads.create_lead(
                contact=contact,
                by=self.by,
                stage=self.stage,
                owner=self.owner,
                labels=contact.tags,
                touch=Touch.Kind.IMPORT,
                given=Assignment.Kind.IMPORT,
                quiet=True,
                **plan.lead,
            )
        made: dict[str, Contact | Lead] = {"contact": contact} if is_create else {}
        if plan.made is not None:
            made["lead"] = plan.made
        if made:
            # What was changed after this moment is somebody's work, and is not undone.
            plan.before["made"] = {name: each.updated_at.isoformat() for name, each in made.items()}

    def save_m2m(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """The services wrote everything."""


def _held(contact: Contact, names: Mapping[str, Any]) -> dict[str, Any]:
    """What the contact has in these fields; of its own fields only those that are named."""
    held = {name: getattr(contact, name) for name in names}
    if "custom" in names:
        held["custom"] = {key: contact.custom.get(key) for key in names["custom"]}
    return held


@contextmanager
def _in_words() -> Iterator[None]:
    """A refusal of ours as the library tells it: an invalid row, with the fields it is about."""
    try:
        yield
    except AppError as error:
        raise ValidationError(
            {name: str(text) for name, text in error.fields.items()} or {NON_FIELD_ERRORS: str(error.message)}
        ) from error


def as_dataset(rows: Iterable[tuple[int, Mapping[str, str]]], codes: Iterable[str]) -> tablib.Dataset:
    headers = ["number", *codes]
    dataset = tablib.Dataset(headers=headers)
    for number, said in rows:
        dataset.append([number, *(said.get(code, "") for code in headers[1:])])
    return dataset
