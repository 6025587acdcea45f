/* The booking page: the visitor's own time zone, when the address does not name one. */
const select = document.querySelector("select[data-guess-zone]");

function clockIn(zone) {
  return new Date().toLocaleString("en", { timeZone: zone });
}

function show(zone) {
  const address = new URL(window.location.href);
  address.searchParams.set("zona", zone);
  window.location.replace(address);
}

if (select) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const named = new URL(window.location.href).searchParams.has("zona");
  if (own && !named && clockIn(own) !== clockIn(select.value)) show(own);
  select.addEventListener("change", () => show(select.value));
}
