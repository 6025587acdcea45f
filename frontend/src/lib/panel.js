/* The side panel can be closed; a cookie remembers it, so the server draws the next page right. */

export function startPanel() {
  const shell = document.querySelector(".shell.has-panel");
  if (!shell) return;
  for (const button of document.querySelectorAll("[data-toggle-panel]")) {
    const tell = () => button.setAttribute("aria-expanded", String(!shell.classList.contains("panel-closed")));
    tell();
    button.addEventListener("click", () => {
      const closed = shell.classList.toggle("panel-closed");
      document.cookie = `panel=${closed ? "closed" : "open"}; path=/; max-age=31536000; samesite=lax`;
      tell();
    });
  }
}
