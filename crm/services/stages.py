"""The pipeline a company starts with; it may change names, order and steps later."""

from crm.models import Stage, StageKind, StageTransition
from tenants.models import Tenant

# code, name, kind, codes that may follow. Moving back one step is allowed; an ended lead may be taken up again.
DEFAULT = (
    ("nuevo", "Nuevo", StageKind.OPEN, ("contactado", "calificado", "perdido")),
    ("contactado", "Contactado", StageKind.OPEN, ("nuevo", "calificado", "reunion", "perdido")),
    ("calificado", "Calificado", StageKind.OPEN, ("contactado", "reunion", "negociacion", "perdido")),
    ("reunion", "Reunión", StageKind.OPEN, ("calificado", "negociacion", "perdido")),
    ("negociacion", "Negociación", StageKind.OPEN, ("reunion", "ganado", "perdido")),
    ("ganado", "Ganado", StageKind.WON, ()),
    ("perdido", "Perdido", StageKind.LOST, ("nuevo", "contactado")),
)


def seed(*, tenant: Tenant) -> None:
    """Create the default stages once; a company with any stage is left alone."""
    if Stage.objects.exists():
        return
    stages = {
        code: Stage(code=code, name=name, kind=kind, position=position, is_initial=position == 0)
        for position, (code, name, kind, _after) in enumerate(DEFAULT)
    }
    Stage.objects.bulk_create(stages.values())
    StageTransition.objects.bulk_create(
        StageTransition(source=stages[code], target=stages[after])
        for code, _name, _kind, following in DEFAULT
        for after in following
    )
