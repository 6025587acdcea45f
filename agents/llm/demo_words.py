"""What the demo model says, in Spanish and English. Nothing here claims an act that no tool confirmed."""

import re

Phrases = dict[str, str]

WORDS: dict[str, Phrases] = {
    "es": {
        "us": "nuestro equipo",
        "asked": "Pidió hablar con una persona",
        "hello": "¡Hola! Soy el asistente automático de {}. ¿Qué querés saber?",
        "handed": "Te paso con una persona del equipo. Te responde por este mismo chat.",
        "not_handed": "En este momento no puedo llamar a una persona. El equipo puede leer este chat y responderte por acá.",
        "saved": "¡Gracias! Ya guardé tus datos.",
        "saved_name": "¡Gracias, {}! Ya guardé tus datos.",
        "not_saved": "No pude guardar esos datos. ¿Los podés revisar?",
        "unknown": "Ese dato no lo tengo cargado y prefiero no inventar. Si querés, decime «quiero hablar con una persona» y te responde alguien del equipo.",
        "no_interest": "Entendido, no te molesto con eso. Si necesitás otra cosa, escribime.",
        "welcome": "¡De nada! Si necesitás algo más, escribime.",
        "more": "Perfecto. ¿Te ayudo con algo más?",
        "identity": "Soy un asistente automático, no una persona. Si preferís, decime «quiero hablar con una persona» y te responde alguien del equipo.",
        "ask_name": "¿Me decís tu nombre y un teléfono o correo para que podamos seguir?",
        "go_on": "Contame un poco más: ¿qué querés saber?",
    },
    "en": {
        "us": "our team",
        "asked": "Asked to talk to a person",
        "hello": "Hello! I am the automatic assistant of {}. What would you like to know?",
        "handed": "I'm transferring you to a person of the team. They will answer in this same chat.",
        "not_handed": "I cannot call a person right now. The team can read this chat and answer you here.",
        "saved": "Thank you! I saved your details.",
        "saved_name": "Thank you, {}! I saved your details.",
        "not_saved": "I could not save those details. Could you check them?",
        "unknown": "I do not have that information and would rather not guess. If you like, write “talk to a person” and somebody of the team will answer.",
        "no_interest": "Understood. Write to me whenever you need anything else.",
        "welcome": "You're welcome! Write to me if you need anything else.",
        "more": "Great. Is there anything else I can help with?",
        "identity": "I am an automatic assistant, not a person. If you prefer, write “talk to a person” and somebody of the team will answer.",
        "ask_name": "May I have your name and a phone or e-mail so that we can go on?",
        "go_on": "Tell me a little more: what would you like to know?",
    },
}
GREETING = re.compile(
    r"(?:(?:hola+|holis|buenas?|buenos|buen|dia|dias|tardes?|noches?|que|tal|como|estas|andas|va|todo|bien|hi|hello|hey|good|morning|afternoon|evening|there|how|are|you|\?)\s*)+"
)
THANKS = re.compile(
    r"(?:(?:muchas|mil|muchisimas|gracias|genial|perfecto|dale|ok|okey|listo|si|no|joya|barbaro|buenisimo|excelente|thanks|thank|you|great|perfect|so|much|yes|de|nada|chau|bye|nos|vemos|saludos)\s*)+"
)
ABOUT_ITSELF = re.compile(
    r"\b(?:sos|eres|es usted|estoy hablando con|hablo con|are you|am i talking to|is this) (?:un |una |a |an |el |la )?(?:bot|robot|maquina|humano|humana|persona|ia|inteligencia artificial|real|human|person|machine|ai|computer)\b"
)
