/* A line of tabs wider than the window starts where the current tab can be seen. */
export function startTabs() {
  for (const tab of document.querySelectorAll(".tabs-line > [aria-current]")) {
    const line = tab.parentElement;
    if (tab.offsetLeft + tab.offsetWidth > line.clientWidth) line.scrollLeft = tab.offsetLeft - tab.offsetWidth / 2;
  }
}
