/* Many spools at once: what is ticked is kept through searches, filters and changes of the list, up to fifty. What others
   take meanwhile is let go, and said. */
"use strict";
(() => {
  const { taller } = window;
  const { uno, todos, crear, escribir, franja } = taller;
  const MAXIMO = 50;
  const elegidos = new Set(); // the tags as the page writes them
  const quitados = new Map(); // tag → why it is no longer chosen
  let formDeElegidos = null;

  const casillas = () => todos("#tomar input[name=tag][type=checkbox]");
  const oculto = (value) => crear("input", { type: "hidden", name: "tag", value });
  /** A row that cannot be taken any more, however the page learnt of it, is not chosen any more. */
  const soltar = (fila) => {
    const { tag, de, quien } = fila.dataset;
    const mia = de === uno("#mios").dataset.trabajador; // taken by the very tap that it was ticked for
    if (elegidos.delete(tag) && !mia) quitados.set(tag, quien ? `lo tiene ${quien}` : uno(".est", fila).textContent.trim());
  };
  const pintar = () => {
    const form = uno("#tomar"), boton = uno("[data-tomar]");
    if (form !== formDeElegidos) {
      elegidos.clear();
      quitados.clear();
      formDeElegidos = form;
    }
    if (!form || !boton) return;
    todos("#lista .fila").filter((fila) => !uno("input[name=tag]", fila)).forEach(soltar);
    for (const casilla of casillas()) {
      quitados.delete(casilla.value);
      if (casilla.checked) elegidos.add(casilla.value);
      else casilla.checked = elegidos.has(casilla.value);
    }
    const aqui = new Set(casillas().map((casilla) => casilla.value));
    const fuera = [...elegidos].filter((tag) => !aqui.has(tag));
    uno("[data-fuera]", form).replaceChildren(...fuera.map(oculto));
    const contador = uno(".contador", boton);
    escribir(contador, elegidos.size ? `${contador.dataset.texto} (${elegidos.size})` : "Elija spools");
    boton.disabled = elegidos.size === 0;
    const quitar = uno("[data-soltar]");
    quitar.disabled = elegidos.size === 0;
    escribir(quitar, fuera.length ? `Quitar todo (${fuera.length} fuera de la lista)` : "Quitar todo");
    decirQuitados();
  };
  const decirQuitados = () => {
    const [[tag, motivo] = []] = quitados, motivos = [...new Set(quitados.values())];
    const varios = `Ya no están elegidos ${quitados.size} spools: ${motivos.join(" · ")}`;
    escribir(uno("[data-quitados]"), quitados.size > 1 ? varios : tag ? `Ya no está elegido ${tag}: ${motivo}` : "");
    for (const fila of todos("#lista .fila")) marcar(fila, fila.dataset.tag);
  };
  const marcar = (fila, tag) => {
    const nota = uno(".estaba", fila);
    if (quitados.has(tag) && !nota) uno(".no", fila)?.append(crear("span", { className: "mas-datos estaba", textContent: "Usted lo tenía elegido" }));
    else if (!quitados.has(tag) && nota) nota.remove();
  };

  document.addEventListener("change", ({ target: casilla }) => {
    if (!casilla.matches("#tomar input[name=tag]")) return;
    if (casilla.checked && elegidos.size >= MAXIMO) {
      casilla.checked = false;
      franja.decir("maximo", `Se toman a lo más ${MAXIMO} spools a la vez.`, { Cerrar: () => franja.callar("maximo") }, "tranquila");
    } else if (casilla.checked) elegidos.add(casilla.value);
    else elegidos.delete(casilla.value);
    quitados.clear();
    pintar();
  });
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-soltar]")) return;
    elegidos.clear();
    quitados.clear();
    casillas().forEach((casilla) => { casilla.checked = false; });
    pintar();
  });
  document.addEventListener("htmx:load", pintar);
  pintar();

  taller.eleccion = {
    /** A row as it comes from the shop, before it is shown: ticked if it was, let go if it cannot be taken any more. */
    conciliar: (fila) => {
      const casilla = uno("input[name=tag]", fila);
      if (!casilla) return soltar(fila);
      casilla.toggleAttribute("checked", elegidos.has(casilla.value));
      quitados.delete(fila.dataset.tag);
    },
    pintar,
  };
})();
