"""What our e-mails say: a subject, a few lines and one action, in the language that is active."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tenants.permission_words import ROLE_CHOICES


@dataclass(frozen=True)
class Words:
    """`action` is what the button says; `path` where it leads when no one-time link does; `notes` stand below it, smaller."""

    subject: str
    lines: list[str]
    action: str = ""
    path: str = ""
    notes: tuple[str, ...] = ()


Context = Mapping[str, object]


def words(kind: str, context: Context) -> Words:
    """Raises KeyError for a kind that does not exist. Missing names in `context` are told as "—"."""
    given = _Given(context)
    if "role" in given:
        given["role"] = _role(str(given["role"]))
    return KINDS[kind](given)


class _Given(dict[str, object]):
    def __missing__(self, name: str) -> object:
        return "—"


def _role(code: str) -> str:
    return str(dict(ROLE_CHOICES).get(code, "—"))


def _invitation(given: Context) -> Words:
    return Words(
        subject=_("Invitación a %(company)s") % given,
        lines=[_("%(by)s le da acceso a %(company)s en Sovereign CRM, como %(role)s.") % given],
        action=_("Aceptar la invitación"),
        notes=(_once(given), _("Si no esperaba esta invitación, alcanza con ignorar este correo.")),
    )


def _activation(given: Context) -> Words:
    return Words(
        subject=_("Activar el acceso a %(company)s") % given,
        lines=[_("%(by)s aprobó el acceso a %(company)s. Falta abrir este enlace.") % given],
        action=_("Activar el acceso"),
        notes=(_once(given),),
    )


def _registered(given: Context) -> Words:
    return Words(
        subject=_("Confirmar el correo"),
        lines=[
            _("Se pidió acceso a %(company)s con este correo. Quien dirige la empresa tiene que aprobarlo.") % given,
            _("Mientras tanto se puede confirmar que el correo es de quien lo pidió."),
        ],
        action=_("Confirmar el correo"),
        notes=(_once(given), _("Si no fue usted, alcanza con ignorar este correo.")),
    )


def _registration_again(given: Context) -> Words:
    return Words(
        subject=_("Pedido de acceso a %(company)s") % given,
        lines=[
            _("Alguien pidió acceso a %(company)s con este correo, que ya tiene una cuenta.") % given,
            _("Para pedirlo con esa cuenta, ingresar y confirmar el pedido."),
        ],
        action=_("Ingresar y pedir acceso"),
        path=f"/registro/?empresa={given['slug']}",
        notes=(_("Si no fue usted, alcanza con ignorar este correo: no cambió nada."),),
    )


def _approval_wanted(given: Context) -> Words:
    return Words(
        subject=_("%(person)s pide acceso a %(company)s") % given,
        lines=[_("%(person)s (%(email)s) se registró y espera la aprobación de quien dirige la empresa.") % given],
        action=_("Ver los pedidos"),
        path="/equipo/",
    )


def _approved(given: Context) -> Words:
    return Words(
        subject=_("Acceso a %(company)s") % given,
        lines=[_("Ya se puede ingresar a %(company)s, como %(role)s.") % given],
        action=_("Ingresar"),
        path="/login/",
    )


def _reset(given: Context) -> Words:
    return Words(
        subject=_("Elegir una contraseña nueva"),
        lines=[_("Se pidió una contraseña nueva para la cuenta de este correo.")],
        action=_("Elegir la contraseña"),
        notes=(
            _once(given),
            _("Si no fue usted, alcanza con ignorar este correo: la contraseña sigue siendo la misma."),
        ),
    )


def _password_changed(given: Context) -> Words:
    return Words(
        subject=_("La contraseña cambió"),
        lines=[_("La contraseña de esta cuenta cambió el %(when)s y se cerraron todas las sesiones.") % given],
        action=_("Recuperar la cuenta"),
        path="/recuperar/",
        notes=(_("Si fue usted, no hay nada que hacer."),),
    )


def _email_change(given: Context) -> Words:
    return Words(
        subject=_("Confirmar el correo nuevo"),
        lines=[_("Se pidió usar este correo para la cuenta de %(person)s.") % given],
        action=_("Confirmar el correo"),
        notes=(_once(given), _("Si no fue usted, alcanza con ignorar este correo.")),
    )


def _email_change_notice(given: Context) -> Words:
    return Words(
        subject=_("Se pidió cambiar el correo de la cuenta"),
        lines=[
            _("Se pidió que la cuenta use otro correo: %(email)s. Mientras no se confirme, sigue valiendo este.")
            % given
        ],
        action=_("Detener el cambio"),
        path="/recuperar/",
        notes=(_("Si no fue usted, elegir una contraseña nueva: eso detiene el cambio y cierra todas las sesiones."),),
    )


def _email_changed(given: Context) -> Words:
    return Words(
        subject=_("El correo de la cuenta cambió"),
        lines=[_("Desde ahora la cuenta usa %(email)s. Este correo ya no sirve para ingresar.") % given],
        notes=(_("Si no fue usted, avisar a quien dirige la empresa."),),
    )


def _credential_expiring(given: Context) -> Words:
    return Words(
        subject=_("Una credencial está por vencer"),
        lines=[
            _("La credencial %(name)s de %(company)s vence el %(when)s. Después deja de funcionar lo que la usa.")
            % given
        ],
        action=_("Ver las credenciales"),
        path="/credenciales/",
    )


def _notice(given: Context) -> Words:
    """Words that the sender has already put into the reader's language: `subject`, `lines`, `action`, `path`."""
    lines = given["lines"]
    return Words(
        subject=str(given["subject"]),
        lines=[str(line) for line in lines] if isinstance(lines, list | tuple) else [str(lines)],
        action=str(given["action"]) if "action" in given else "",
        path=str(given["path"]) if "path" in given else "",
    )


def _once(given: Context) -> str:
    return _("El enlace sirve una sola vez y vence el %(until)s.") % given


KINDS: dict[str, Callable[[Context], Words]] = {
    "invitation": _invitation,
    "activation": _activation,
    "registered": _registered,
    "registration_again": _registration_again,
    "approval_wanted": _approval_wanted,
    "approved": _approved,
    "reset": _reset,
    "password_changed": _password_changed,
    "email_change": _email_change,
    "email_change_notice": _email_change_notice,
    "email_changed": _email_changed,
    "credential_expiring": _credential_expiring,
    "notice": _notice,
}
