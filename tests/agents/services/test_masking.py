"""Nobody is left in a masked chat, whatever they are called and however they write it."""

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.services.masking import GO_ON, NOT_NAMES, PARTICLES, Mask, folded

TODAY = date(2026, 11, 23)
LETTERS = "abcdefghijklmnñopqrstuvwxyzáéíóúüçß"
words = st.text(LETTERS, min_size=2, max_size=12).filter(lambda word: folded(word) not in PARTICLES)
names = st.lists(words, min_size=1, max_size=4).map(lambda found: " ".join(word.capitalize() for word in found))
own_names = st.lists(words.filter(lambda word: folded(word) not in NOT_NAMES | GO_ON), min_size=1, max_size=4).map(
    " ".join
)
eight = st.integers(20_000_000, 69_999_999).filter(lambda number: not str(number).startswith("555"))
mails = st.builds(
    lambda who, host: f"{who}@{host}.com",
    st.text("abcdefghij0123456789._", min_size=3, max_size=12).filter(
        lambda who: who[0].isalpha() and who[-1].isalnum()
    ),
    st.text("abcdefgh", min_size=3, max_size=8),
)
around = st.sampled_from(["Hola, {} gracias", "{}", "mis datos: {}.", "({})", "y {}, ¿sí?", "de:\n{}\nchau", "«{}»"])
cases = st.sampled_from([str, str.upper, str.lower, str.title, lambda text: unicodedata.normalize("NFD", text)])


def grouped(number: int, how: int) -> str:
    text = str(number)
    return [
        text, f"{text[:4]}-{text[4:]}", f"11 {text[:4]} {text[4:]}", f"+54 9 11 {text[:4]}-{text[4:]}",
        f"(011) {text[:4]}.{text[4:]}", f"{text[:2]}.{text[2:5]}.{text[5:]}", f"549 11 {text}", f"{text[:2]} {text[2:4]} {text[4:6]} {text[6:]}",
    ][how]  # fmt: skip


def words_of(text: str) -> set[str]:
    return {folded(word) for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text))}


class TestWhatIsKnown:
    @given(name=names, frame=around, case=cases)
    @settings(deadline=None, max_examples=300)
    def test_no_word_of_a_known_name_survives(self, name, frame, case):
        mask = Mask(names=[name], today=TODAY)
        told = mask.text(frame.format(case(name)))
        real = {word for word in words_of(name) if word not in PARTICLES and len(word) > 1}
        assert not real & (words_of(told) - words_of(frame)), told

    @given(number=eight, how=st.integers(0, 7), frame=around, known=st.booleans())
    @settings(deadline=None, max_examples=300)
    def test_no_number_survives_in_any_form(self, number, how, frame, known):
        mask = Mask(numbers=[f"+54911{number}"] if known else [], today=TODAY)
        told = re.sub(r"\D", "", mask.text(frame.format(grouped(number, how))))
        assert str(number) not in told
        assert not any(str(number)[at : at + 6] in told for at in range(3)), told

    @given(mail=mails, frame=around, known=st.booleans(), upper=st.booleans())
    @settings(deadline=None, max_examples=200)
    def test_no_e_mail_survives(self, mail, frame, known, upper):
        mask = Mask(texts=[mail] if known else [], today=TODAY)
        told = mask.text(frame.format(mail.upper() if upper else mail))
        assert mail not in told.lower()
        assert "@ejemplo.com" in told

    @given(text=st.text(max_size=200), name=names, number=eight)
    @settings(deadline=None, max_examples=200)
    def test_any_text_can_be_masked_and_twice_is_the_same(self, text, name, number):
        told = [
            Mask(names=[name], numbers=[str(number)], today=TODAY).text(f"{text} {name} {number}") for _ in range(2)
        ]
        assert told[0] == told[1]
        assert str(number) not in told[0]

    def test_the_same_is_replaced_by_the_same(self):
        mask = Mask(names=["Ana Pérez"], numbers=["+5491123456789"], today=TODAY)
        first = mask.text("Soy Ana, 11 2345-6789")
        second = mask.text("ANA otra vez: +54 9 11 2345 6789")
        name = first.split(",")[0].removeprefix("Soy ")
        assert second.startswith(name.upper())
        assert re.sub(r"\D", "", first) == re.sub(r"\D", "", second)[-10:]
        assert mask.name("Ana Pérez").startswith(name)

    def test_values_of_a_persons_own_fields_go_wherever_they_stand(self):
        mask = Mask(texts=["OSDE 310", "Rivadavia 4520 3ºB"], today=TODAY)
        told = mask.text("Tengo osde 310 y vivo en RIVADAVIA 4520 3ºB")
        assert "310" not in told
        assert "4520" not in told

    def test_a_short_value_is_no_part_of_another_word(self):
        mask = Mask(texts=["Ana"], today=TODAY)
        told = mask.text("Mañana viene ana, con una banana")
        assert told.startswith("Mañana viene dato inventado")
        assert told.endswith("con una banana")


class TestWhatOnlyLooksLikeSomebody:
    @given(
        name=own_names,
        case=cases,
        how=st.sampled_from(["soy {}", "Hola, soy {}, ¿hay turno?", "me llamo {}", "I'm {}."]),
    )
    @settings(deadline=None, max_examples=200)
    def test_whoever_introduces_themselves_goes_also_in_small_letters(self, name, case, how):
        text, mask = how.format(case(name)), Mask(today=TODAY)
        mask.listen(text)
        assert not words_of(name) & words_of(mask.text(text)), mask.text(text)

    @given(
        name=own_names,
        case=cases,
        behind=st.sampled_from(["", ", DNI 30111222", " y quiero un turno", "\n11 2345 6789"]),
    )
    @settings(deadline=None, max_examples=200)
    def test_a_bare_name_is_the_answer_to_a_question_for_it(self, name, case, behind):
        text, mask = case(name) + behind, Mask(today=TODAY)
        mask.listen(text, asked="¡Hola! ¿Me decís tu nombre?")
        assert not words_of(name) & words_of(mask.text(text)), mask.text(text)

    @given(
        number=st.integers(100, 999_999),
        how=st.sampled_from(["socio {}", "afiliada nro. {}", "mi número de socio es {}"]),
    )
    @settings(deadline=None, max_examples=200)
    def test_a_members_number_goes_wherever_it_stands(self, number, how):
        mask, lines = Mask(today=TODAY), [how.format(number), f"dije {number}"]
        for line in lines:
            mask.listen(line)
        assert not any(str(number) in re.findall(r"\d+", mask.text(line)) for line in lines)

    @pytest.mark.parametrize(
        ("text", "gone"),
        [
            ("Me llamo Juan Carlos Gómez", ["Juan", "Carlos", "Gómez"]),
            ("me llamo juan carlos y quiero un turno", ["juan", "carlos"]),
            ("Soy Ana", ["Ana"]),
            ("My name is Mary Jane Watson", ["Mary", "Jane", "Watson"]),
            ("I'm Peter", ["Peter"]),
            ("Es para mi hija Martina López", ["Martina", "López"]),
            ("mi mujer se llama Clara", ["Clara"]),
            ("a nombre de Pedro Ruiz", ["Pedro", "Ruiz"]),
            ("Vivo en Av. Corrientes 1234", ["Corrientes", "1234"]),
            ("calle San Martín 450 piso 3", ["San Martín", "450", "piso 3"]),
            ("Rivadavia 4520", ["Rivadavia", "4520"]),
            ("I live at 221 Baker Street", ["221", "Baker"]),
            ("entregar en Belgrano 77", ["Belgrano", "77"]),
            ("DNI 30.123.456", ["30.123.456"]),
            ("mi cuit es 20-30123456-9", ["30123456"]),
            ("soy juan perez", ["juan", "perez"]),
            ("SOY JUAN PEREZ", ["JUAN", "PEREZ"]),
            ("soy juan de la cruz y quiero un turno", ["juan", "cruz"]),
            ("soy la mamá de Pedro Ruiz", ["Pedro", "Ruiz"]),
            ("Tomás Gutiérrez", ["Tomás", "Gutiérrez"]),
            ("Mandalo a Belgrano 1234", ["Belgrano", "1234"]),
            ("envialo a belgrano 1234", ["belgrano", "1234"]),
            ("entregámelo en Perón 55", ["Perón", "55"]),
            ("podés mandar el pedido a Mitre 400", ["Mitre", "400"]),
            ("n° de afiliado: 12345/01", ["12345"]),
            ("CBU 0170099220000067797370", ["0170099220000067797370"]),
            ("tarjeta 4509 9535 6623 3704", ["4509", "6623"]),
            ("mi instagram es @ana.perez", ["ana.perez"]),
            ("mirá https://example.org/u/ana?id=9", ["example.org", "ana"]),
            ("pedido AB-12345", ["AB-12345"]),
            ("nací el 12/03/1985", ["12/03/1985"]),
            ("id 0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000", ["eeeeffff0000"]),
        ],
    )
    def test_it_goes(self, text, gone):
        mask = Mask(today=TODAY)
        mask.listen(text)
        told = mask.text(text)
        assert not [each for each in gone if each in told], told

    @pytest.mark.parametrize(
        "text",
        [
            "¿Cuánto sale el de 1500 watts?",
            "Sale $ 1.250.000 en 12 cuotas",
            "tengo 250000 pesos",
            "un presupuesto de US$ 300000",
            "Quiero un turno el 24/11 a las 15:30",
            "El martes 24/11/2026 de 9:00 a 12:30",
            "Hola, buenas tardes. ¿Tienen stock?",
            "soy cliente nuevo",
            "I'm interested in the blue one",
            "lo necesito para el lunes con Sol",
            "son 3500 km",
            "soy alérgica al látex",
            "soy de Rosario",
            "Muchas Gracias",
            "mandame a las 15",
            "lo llevo en 12 cuotas",
        ],
    )
    def test_what_the_chat_is_about_stays(self, text):
        mask = Mask(names=["Ana Pérez"], keep=["Sol"], today=TODAY)
        mask.listen(text)
        assert mask.text(text) == text

    def test_people_of_the_company_keep_their_names(self):
        mask = Mask(names=["Sol Pérez"], keep=["Sol", "Dra. Paz"], today=TODAY)
        assert mask.text("Turno con Sol o con Paz") == "Turno con Sol o con Paz"
        assert "Pérez" not in mask.text("Pérez")

    def test_a_name_told_later_is_masked_before_too(self):
        mask = Mask(today=TODAY)
        lines = ["Hola, Marcela por acá", "me llamo Marcela Ríos"]
        for line in lines:
            mask.listen(line)
        assert not any("Marcela" in mask.text(line) for line in lines)
