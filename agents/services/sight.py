"""Pictures of a turn for models that can see: small, inline, read from the company's own folder."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from agents.llm.families import sees
from messaging.models import Attachment
from messaging.services import thumbnails
from messaging.services.media_files import content_of
from tenants.models import Tenant


def wanted(config: Mapping[str, Any]) -> bool | None:
    """What the agent's setting `vision` says: "yes", "no", or None where the model's name decides."""
    return {"yes": True, "no": False}.get(str(config.get("vision") or ""))


def images_of(
    tenant: Tenant, pictures: Iterable[Attachment], models: Iterable[str], asked: bool | None
) -> tuple[str, ...]:
    """Data URLs of these pictures, none when no model would look. Call it outside of any transaction."""
    if not (any(map(sees, models)) if asked is None else asked):
        return ()
    found = filter(None, (content_of(tenant, picture) for picture in pictures))
    small = filter(None, map(thumbnails.for_model, found))
    return tuple(f"data:image/jpeg;base64,{base64.b64encode(each).decode()}" for each in small)
