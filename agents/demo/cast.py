"""Who and what the example companies hold. Plain data; `seed_demo` turns it into rows through the services."""

from dataclasses import dataclass, field

PASSWORD = "demo-Sovereign-1"  # noqa: S105 (development logins, printed at the start)


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    role: str
    status: str = "active"
    sells: bool = False


@dataclass(frozen=True)
class Chat:
    """A past conversation: (who, text) lines, who is contact, agent or user."""

    name: str
    phone: str
    lines: tuple[tuple[str, str], ...]
    stage: str = "nuevo"
    interest: str = ""
    mode: str = "ai"
    minutes_ago: int = 60


@dataclass(frozen=True)
class Company:
    slug: str
    name: str
    trade: str
    people: tuple[Person, ...]
    chats: tuple[Chat, ...] = field(default=())


PLATFORM = ("root@platform.test", "Root")

COMPANIES = (
    Company(
        "acme",
        "Acme Termotanques",
        "sales",
        (
            Person("ana@acme.test", "Ana", "ceo", sells=True),
            Person("sol@acme.test", "Sol", "closer", sells=True),
            Person("teo@acme.test", "Teo", "setter", sells=True),
            Person("pia@acme.test", "Pia", "setter", status="pending"),
        ),
        (
            Chat(
                "Marta Quiroga",
                "+5491155550101",
                (
                    ("contact", "Hola, ¿cuánto sale el termotanque solar de 200 litros?"),
                    ("agent", "Hola Marta. El precio depende del modelo; ¿para cuántas personas es?"),
                    ("contact", "Somos cuatro. Lo quiero instalar este mes."),
                ),
                "contactado",
                "high",
                minutes_ago=35,
            ),
            Chat(
                "Julio Bermúdez",
                "+5491155550102",
                (
                    ("contact", "¿Hacen envíos a Rosario?"),
                    ("agent", "Sí, enviamos a todo el país. ¿Quiere que lo contacte un vendedor?"),
                    ("contact", "Sí, prefiero hablar con una persona"),
                ),
                "nuevo",
                "medium",
                "human",
                minutes_ago=12,
            ),
            Chat(
                "Carla Núñez",
                "+5491155550103",
                (
                    ("contact", "Buenas, la garantía ¿cuánto cubre?"),
                    ("user", "Hola Carla, soy Sol. Cubre cinco años el tanque y dos los tubos."),
                    ("contact", "Genial, gracias"),
                ),
                "calificado",
                "medium",
                minutes_ago=60 * 26,
            ),
        ),
    ),
    Company(
        "globex",
        "Globex Servicios Contables",
        "services",
        (Person("gus@globex.test", "Gus", "ceo", sells=True),),
        (
            Chat(
                "Estudio Paredes",
                "+5491155550201",
                (("contact", "Hola, ¿liquidan sueldos para empresas chicas?"),),
                "nuevo",
                "medium",
                minutes_ago=90,
            ),
        ),
    ),
    Company(
        "sonrisa",
        "Clínica Sonrisa",
        "clinic",
        (
            Person("dra.paz@sonrisa.test", "Dra. Paz", "ceo", sells=True),
            Person("rita@sonrisa.test", "Rita", "secretary"),
        ),
        (
            Chat(
                "Nora Gil",
                "+5491155550301",
                (("contact", "Buen día, quisiera un turno para limpieza"),),
                "nuevo",
                "high",
                minutes_ago=50,
            ),
        ),
    ),
)
