/* The table and the board of leads. */
import { startBoard } from "../lib/board.js";
import { startSelection } from "../lib/selection.js";

function start() {
  startSelection();
  startBoard();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
