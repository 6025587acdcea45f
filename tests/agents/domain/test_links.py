"""Links on their way out: found however they are written, and known only when the company gave them."""

import pytest

from agents.domain.links import has_image, links_in, unknown_links

GIVEN = "Catálogo: https://acme.example/catalogo?v=2 y el manual en www.acme.example/manual.pdf. Tienda: tienda.acme.shop/p/ts-200"


@pytest.mark.parametrize(
    "text",
    [
        "Mirá https://acme.example/catalogo?v=2",
        "Mirá https://acme.example/catalogo",
        "Acá: acme.example/manual.pdf, bajalo.",
        "(www.acme.example/manual.pdf)",
        "https://tienda.acme.shop/p/ts-200!",
        "Nuestra web es acme.example",
        "https://acme.test/cualquier/cosa",
        "Escribí a ventas@acme.example",
        "Gracias.Es un gusto atenderte",
        "Sale $ 850.000 y pesa 12.5 kg, en 3.5 días",
        "Abrimos de 9 a 18.Te esperamos",
        "el archivo factura.pdf va adjunto",
    ],
)
def test_what_the_company_gave_and_what_is_no_link_may_be_said(text):
    assert unknown_links(text, given=GIVEN, hosts=["acme.test"]) == ()


@pytest.mark.parametrize(
    "text",
    [
        "https://robo.test/x",
        "robo.test/x",
        "www.robo.com",
        "Entrá a robo.com",
        "https://acme.example/otra",
        "https://acme.example/catalogo?v=2&d=secreto",
        "https://acme.example/catalogo?d=sk-123",
        "https://acme.example/manual.pdf#c2VjcmV0bw",
        "https://acme.test/x?d=secreto",
        "https://acme.example@robo.test/catalogo",
        "https://acme.example.robo.test/catalogo",
        "https://аcme.example/catalogo",
        "https://xn--cme-8cd.example/catalogo",
        "https://acme-example.com/catalogo",
        "https://bit.ly/3abc",
        "bit.ly/3abc",
        "hxxps://robo.test",
        "robo [punto] test [barra] x",
        "robo (dot) com",
        "http://203.0.113.9/x",
        "203.0.113.9:8080/x",
        "javascript:alert(1)",
        "data:text/html,hola",
        "ｈｔｔｐｓ：／／robo.test/x",
        "https://robo\u200b.test/x",
        "[catálogo](https://robo.test/catalogo)",
        "<https://robo.test>",
    ],
)
def test_any_other_is_found(text):
    assert unknown_links(text, given=GIVEN, hosts=["acme.test"])


@pytest.mark.parametrize("text", ["![x](https://acme.example/a.png)", "![x][1]", '<img src="x">', "<IFRAME src=x>"])
def test_what_a_screen_would_fetch_by_itself_is_found(text):
    assert has_image(text)


def test_no_image_in_ordinary_words():
    assert not has_image("¡Genial! [opción 1] o (opción 2): vos elegís")


def test_a_link_is_read_without_its_sentence():
    assert [(link.host, link.path) for link in links_in("Es acme.example/a, o no?")] == [("acme.example", "/a")]
