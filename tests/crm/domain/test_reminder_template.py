import pytest

from crm.domain import reminder_template
from crm.domain.reminder_template import Written


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("recordatorio", Written("recordatorio", (), ())),
        (
            " recordatorio_cita {{nombre}} {{ Fecha }}{{hora}} [confirmar] [ Mover ] ",
            Written("recordatorio_cita", ("nombre", "fecha", "hora"), ("confirmar", "mover")),
        ),
        ("", None),
        ("Recordatorio", None),
        ("recordatorio {{apellido}}", None),
        ("recordatorio [llamar]", None),
        ("recordatorio [confirmar] [confirmar]", None),
        ("recordatorio nombre", None),
        ("{{nombre}}", None),
    ],
    ids=["bare", "whole", "empty", "capitals", "unknown-datum", "unknown-button", "twice", "words", "no-name"],
)
def test_a_template_is_its_name_its_data_and_its_buttons_in_order(text: str, read: Written | None) -> None:
    assert reminder_template.read(text) == read


def test_a_button_names_the_act_and_the_appointment() -> None:
    pk = "01a1fdc9-817a-743c-9635-a486f5a2df9f"
    assert reminder_template.answer(reminder_template.payload("mover", pk)) == ("mover", pk)
    for other in ("confirm", "cita:borrar:" + pk, "cita:confirmar:1", ""):
        assert reminder_template.answer(other) is None


@pytest.mark.parametrize(
    ("text", "pressed", "act"),
    [
        ("CONFIRMO", False, "confirmar"),
        ("Sí, confirmo.", False, "confirmar"),
        ("Confirm", True, "confirmar"),
        ("confirmo que quiero otra cosa", False, ""),
        ("no confirmo", False, ""),
        ("Cancelar", True, "cancelar"),
        ("cancelar", False, ""),
        ("Cambiar", True, ""),
    ],
)
def test_words_alone_confirm_and_only_a_button_cancels(text: str, pressed: bool, act: str) -> None:
    assert reminder_template.spoken(text, pressed=pressed) == act
