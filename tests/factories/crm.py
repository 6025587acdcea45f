from itertools import count

from crm.models import (
    Contact,
    Lead,
    Pipeline,
    Seller,
    Stage,
    StageChange,
    StageKind,
    StageTransition,
)

_numbers = count(1)


def next_phone() -> str:
    """An Argentine mobile in E.164, another one at each call."""
    return f"+54911{20_000_000 + next(_numbers)}"


def make_contact(**over: object) -> Contact:
    """Its phone is its own unless given; `phone=None` for somebody without one."""
    return Contact.objects.create(**{"name": f"Contacto {next(_numbers)}", "phone": next_phone(), **over})


def make_seller(**over: object) -> Seller:
    return Seller.objects.create(**{"name": f"Vendedor {next(_numbers)}", **over})


def main_pipeline() -> Pipeline:
    """The company's main pipeline; made when nothing seeded one."""
    found = Pipeline.objects.filter(is_default=True).first()
    return found or Pipeline.objects.create(name="Ventas", is_default=True)


def make_pipeline(**over: object) -> Pipeline:
    """One more, beside the main one."""
    number = next(_numbers)
    return Pipeline.objects.create(**{"name": f"Embudo {number}", "position": 1000 + number, **over})


def make_stage(**over: object) -> Stage:
    """In the main pipeline unless given."""
    number = next(_numbers)
    over.setdefault("pipeline", None)
    pipeline = over.pop("pipeline") or main_pipeline()
    return Stage.objects.create(
        **{
            "pipeline": pipeline,
            "code": f"etapa-{number}",
            "name": f"Etapa {number}",
            "position": 1000 + number,
            **over,
        }
    )


def initial_stage() -> Stage:
    """The company's first stage; made when nothing seeded one."""
    found = Stage.objects.filter(is_initial=True).first()
    return found or make_stage(code="nuevo", name="Nuevo", is_initial=True, kind=StageKind.OPEN, position=0)


def make_lead(**over: object) -> Lead:
    """With a contact and the initial stage unless given."""
    over.setdefault("contact", None)
    contact = over.pop("contact") or make_contact()
    stage = over.pop("stage", None) or initial_stage()
    return Lead.objects.create(contact=contact, stage=stage, **over)


def make_transition(**over: object) -> StageTransition:
    return StageTransition.objects.create(
        source=over.pop("source", None) or make_stage(), target=over.pop("target", None) or make_stage()
    )


def make_stage_change(**over: object) -> StageChange:
    lead = over.pop("lead", None) or make_lead()
    return StageChange.objects.create(
        **{"lead": lead, "source": lead.stage, "target": lead.stage, "actor_kind": "system", **over}
    )
