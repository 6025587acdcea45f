"""What came from the store goes: when somebody disconnects it, connects another one, or the store itself asks."""

from config.lib.errors import AppError
from crm.models import Store, StoreNotice, StoreProduct
from crm.store.connection import CATEGORY, STORE_ID, TOKEN
from tenants.domain.actor import Actor
from tenants.services.audit import record
from tenants.services.vault import remove_credential


def everything(*, by: Actor, action: str = "store.disconnected") -> None:
    """The token, the products, the notices and the connection. The app's id and secret stay for the next time."""
    for name in (TOKEN, STORE_ID):
        try:
            remove_credential(category=CATEGORY, name=name, by=by)
        except AppError as error:
            if error.status != 404:
                raise
    products()
    row = Store.objects.first()
    if row is not None:
        record(action=action, resource=row, by=by, diff={"store": row.store_id})
        row.delete()


def products() -> None:
    StoreProduct.objects.all().delete()
    StoreNotice.objects.all().delete()
