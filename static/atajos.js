/* The way back to "¿Quién eres?" after ninety seconds without a tap, and a scanner anywhere. */
"use strict";
(() => {
  const { uno, crear } = window.taller;

  // ---------------------------------------------------------------- ninety seconds without a tap
  const INACTIVIDAD = 90000;
  let ultimoToque = Date.now();
  for (const tipo of ["pointerdown", "keydown", "wheel"]) document.addEventListener(tipo, () => { ultimoToque = Date.now(); }, { capture: true, passive: true });
  setInterval(() => {
    if (Date.now() - ultimoToque < INACTIVIDAD) return;
    const busqueda = uno("#pantalla[data-inicio] input[type=search]");
    const salida = busqueda ? busqueda.value && uno(".marca") : uno("#pantalla[data-inactividad] [data-cambiar]");
    ultimoToque = Date.now();
    if (salida) salida.click();
  }, 1000);

  // ---------------------------------------------------------------- a scanner types fast and ends in Enter
  const RAPIDO = 60, LARGO = 4;
  let leido = "", ultimaTecla = 0;
  const saltar = (texto) => {
    const ruta = texto.match(/^https?:\/\/[^/]+(\/spool\/.+)$/i);
    const enlace = crear("a", { href: ruta ? ruta[1] : `/spool/${encodeURIComponent(texto)}/`, hidden: true });
    const pantalla = uno("#pantalla");
    if (!pantalla) return;
    pantalla.append(enlace);
    if (window.htmx) window.htmx.process(enlace);
    enlace.click();
  };
  document.addEventListener("keydown", (evento) => {
    // Words are typed into a text field as fast as people can; in a search or a day a scan is a scan.
    if (evento.target.matches("input[type=text], input[type=password], textarea")) return;
    if (evento.ctrlKey || evento.metaKey || evento.altKey) return;
    const escribe = evento.target.matches("input[type=search]");
    const seguida = evento.timeStamp - ultimaTecla < RAPIDO;
    if (evento.key === "Enter" && seguida && leido.length >= LARGO) {
      evento.preventDefault();
      evento.stopPropagation();
      saltar(leido.trim());
      leido = "";
    } else if (evento.key.length === 1) {
      leido = seguida ? leido + evento.key : evento.key;
      // A blank inside a scanned tag must not press the button that has the focus.
      if (seguida && leido.length > 2 && !escribe) evento.preventDefault();
      ultimaTecla = evento.timeStamp;
    }
  }, true);
})();
