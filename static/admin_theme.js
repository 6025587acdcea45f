/* The theme chosen in the product (cookie "theme") before anything is drawn; without one, the device's own. */
"use strict";
{
  const chosen = /(?:^|;\s*)theme=(light|dark)(?:;|$)/.exec(document.cookie);
  document.documentElement.dataset.theme = chosen ? chosen[1] : "auto";
}
