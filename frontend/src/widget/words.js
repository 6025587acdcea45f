/* The widget's words, in the language of the page it stands on; Spanish unless that page says English. */

const ES = {
  title: "Chat",
  open: "Abrir el chat",
  close: "Cerrar el chat",
  hello: "Escribir un mensaje para empezar. La respuesta llega acá mismo.",
  name: "Nombre (opcional)",
  message: "Mensaje",
  placeholder: "Escribir un mensaje",
  send: "Enviar",
  log: "Mensajes",
  you: "Visita",
  ai: "IA",
  team: "Equipo",
  sending: "Enviando",
  sent: "Enviado",
  failed: "No se envió",
  retry: "Reintentar",
  offline: "Sin conexión. Lo escrito se envía al volver.",
  refused: "Este chat no está disponible en este sitio.",
  gone: "Este chat ya no está disponible.",
  slow: "Son muchos mensajes seguidos; se envía en un momento.",
  unread: "sin leer",
  gap: "No se pudo leer la conversación. Se reintenta.",
};

const EN = {
  title: "Chat",
  open: "Open chat",
  close: "Close chat",
  hello: "Write a message to start. The answer arrives right here.",
  name: "Name (optional)",
  message: "Message",
  placeholder: "Write a message",
  send: "Send",
  log: "Messages",
  you: "Visitor",
  ai: "AI",
  team: "Team",
  sending: "Sending",
  sent: "Sent",
  failed: "Not sent",
  retry: "Retry",
  offline: "No connection. What was written is sent once it is back.",
  refused: "This chat is not available on this site.",
  gone: "This chat is no longer available.",
  slow: "Many messages in a row; it is sent in a moment.",
  unread: "unread",
  gap: "The conversation could not be read. Trying again.",
};

export function words() {
  return (document.documentElement.lang || "es").toLowerCase().startsWith("en") ? EN : ES;
}
