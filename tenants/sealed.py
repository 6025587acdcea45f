"""Columns that the database keeps sealed: AES-256-GCM under the key ring of VAULT_KEYS, the key's id in front.

django-cryptography's field with its cipher replaced: its own has one key for ever and unpickles what it reads.
"""

import json
from typing import Any

from django.db import models
from django_cryptography.fields import EncryptedMixin

from tenants.keyring import Unreadable, binding, key_for, seal, unseal
from tenants.ring import ring


class _Sealed(EncryptedMixin):
    wasinstance = True  # a class of its own, not made around an instance of another field

    def _dump(self, value: Any) -> bytes:
        key_id, key = next(iter(ring().items()))
        return key_id.encode() + b"\x00" + seal(key, json.dumps(value).encode(), self._bound())

    def _load(self, value: bytes) -> Any:
        key_id, separator, sealed = bytes(value).partition(b"\x00")
        if not separator:
            raise Unreadable("no key id")
        return json.loads(unseal(key_for(ring(), key_id.decode(errors="replace")), sealed, self._bound()))

    def _bound(self) -> bytes:
        return binding("column", self.model._meta.label_lower, self.name)


class SealedText(_Sealed, models.TextField):
    """Text sealed for its own column: moved to another one, or with one byte changed, it is Unreadable, never words."""
