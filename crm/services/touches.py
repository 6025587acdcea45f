"""Each arrival of a person: where from. Rows are only added, so the first is never rewritten."""

from crm.domain.attribution import cut
from crm.models import Contact, Lead, Touch


def note_touch(
    *, contact: Contact, lead: Lead | None = None, kind: Touch.Kind, source: str = "", **attribution: str
) -> Touch:
    """Keep an arrival, and on its lead the last source (the first one too where it had none).

    `attribution`: medium, campaign, term, content, ad_id, click_id, page, referrer; what is too long is cut.
    """
    source = cut("source", source)
    touch = Touch.objects.create(
        contact=contact,
        lead=lead,
        kind=kind,
        source=source,
        **{name: cut(name, value) for name, value in attribution.items()},
    )
    if lead is not None and source:
        changed = {"last_source": source, **({} if lead.source else {"source": source})}
        for name, value in changed.items():
            setattr(lead, name, value)
        lead.save(update_fields=[*changed, "updated_at"])
    return touch
