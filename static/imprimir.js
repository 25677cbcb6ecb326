/* The button that prints. Without scripts it is not shown: the browser's own menu prints the same. */
"use strict";
document.addEventListener("click", ({ target }) => { if (target.closest("[data-imprimir]")) print(); });
