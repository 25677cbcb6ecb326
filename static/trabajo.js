/* The worker's page, live: rows change in place, the list and Mis spools are read anew when they may have changed, and
   nothing moves while a finger is down. */
"use strict";
(() => {
  const { htmx, taller } = window;
  const { uno, todos, vivo, eleccion } = taller;
  const REPASO = 2000, AZAR = 400; // a list is read anew at most this often, and not by all tablets at the same moment
  const SIN_VIVO = 8000, LENTO = 30000; // how often when changes do not arrive, and when they do
  const LEVANTADO = 350, OLVIDADO = 10000; // after the finger leaves, its click is still to come; it may leave unseen
  const RENDIDA = 6000; // a request that was dropped on the way never says that it ended

  // ---------------------------------------------------------------- nothing moves under a finger
  let dedo = false, levantar = 0;
  const soltar = () => {
    dedo = false;
    vivo.soltar();
  };
  const bajar = () => {
    clearTimeout(levantar);
    dedo = true;
    vivo.retener();
    levantar = setTimeout(soltar, OLVIDADO);
  };
  const subir = () => {
    clearTimeout(levantar);
    levantar = setTimeout(soltar, LEVANTADO);
  };
  document.addEventListener("pointerdown", bajar, { capture: true, passive: true });
  for (const tipo of ["pointerup", "pointercancel"]) document.addEventListener(tipo, subir, { capture: true, passive: true });

  // ---------------------------------------------------------------- what is read anew, and when
  /** A part of the page that is read anew soon after `deber`, not more often than every `cada` milliseconds. */
  const parte = (selector, evento, cada) => {
    let debida = false, ultima = -Infinity, reloj = 0, enCurso = false, vista = performance.now();
    const leer = () => {
      reloj = 0;
      const lugar = uno(selector);
      if (!lugar || !debida || document.hidden) return;
      if (enCurso && performance.now() - ultima > RENDIDA) enCurso = false;
      if (dedo || enCurso || uno("form[data-en-curso]")) return esperar(200);
      debida = false;
      enCurso = true;
      ultima = vista = performance.now();
      htmx.trigger(lugar, evento);
    };
    const esperar = (minimo) => { reloj ||= setTimeout(leer, minimo); };
    return {
      deber: () => {
        debida = true;
        esperar(Math.max(ultima + cada - performance.now(), 0) + Math.random() * Math.min(cada, AZAR));
      },
      leida: (bien) => {
        enCurso = false;
        if (!bien) setTimeout(() => { debida = true; esperar(0); }, REPASO * (1 + Math.random()));
      },
      edad: () => performance.now() - vista,
    };
  };
  const lista = parte("#repaso", "repasar", REPASO), mios = parte("#mios-latido", "revisar", 100);
  const todo = () => {
    lista.deber();
    mios.deber();
  };

  // ---------------------------------------------------------------- what a change means for this page
  const canonico = ({ dataset: { tag } }) => tag.normalize("NFC").trim().replace(/\s+/g, " ").toUpperCase();
  const plano = (texto) => texto.normalize("NFD").replace(/[^0-9a-z]/gi, "").toUpperCase();
  const lugares = () => ({ ...uno("#lista").dataset, ultima: todos("#lista .fila").at(-1), hayMas: uno("#mas") !== null });
  /** Whether a row that the page lacks would stand in what it shows of the list. */
  const entra = (fila) => {
    const { q, nv, ultima, hayMas } = lugares(), suya = uno(".nv", fila).textContent;
    if (!("listada" in fila.dataset) || (nv && nv !== suya)) return false;
    if (q) return plano(fila.dataset.tag + suya).includes(plano(q));
    return !hayMas || !ultima || canonico(fila) < canonico(ultima);
  };
  /** Whether a row that the page has may have to leave it. */
  const sale = (fila) => {
    const { q, nv, avance } = lugares();
    return avance || (!q && (nv || !("listada" in fila.dataset)));
  };
  /** Whether the numbers of a list that counts its rows may be others. */
  const cuentan = (fila, aqui) => "cuenta" in uno("#lista").dataset && (aqui || "listada" in fila.dataset);
  const esMia = (fila, pk) => {
    const { trabajador } = uno("#mios").dataset;
    return fila.dataset.de === trabajador || uno(`#mios [data-spool="${pk}"]`) !== null;
  };
  let sinFoco = null; // where the focus goes when what had it is taken away
  const adaptar = (texto) => {
    const molde = document.createElement("template");
    molde.innerHTML = texto;
    for (const fila of molde.content.querySelectorAll("li")) {
      const aqui = document.getElementById(fila.id);
      if (esMia(fila, fila.id.split("-").pop())) mios.deber();
      if (fila.classList.contains("fila")) {
        eleccion.conciliar(fila);
        if (uno("#lista") && (cuentan(fila, aqui) || (aqui ? sale(fila) : entra(fila)))) lista.deber();
      } else if (aqui) lista.deber();
      if (!aqui) fila.remove();
      else if (aqui.contains(document.activeElement) && !uno(`#${CSS.escape(document.activeElement.id)}`, fila)) sinFoco = uno(".ver", fila)?.id;
    }
    return molde.innerHTML;
  };
  htmx.defineExtension("filas", {
    transformResponse: (texto, xhr, elemento) => (xhr || elemento.id !== "vivo" ? texto : adaptar(texto)),
  });
  document.addEventListener("htmx:sseMessage", () => {
    eleccion.pintar();
    if (sinFoco) document.getElementById(sinFoco)?.focus({ preventScroll: true });
    sinFoco = null;
  });
  document.addEventListener("vivo:repintar", todo);
  document.addEventListener("conexion:vuelve", todo);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) todo(); });
  setInterval(() => {
    if (!uno("#vivo") || taller.sinRedDesde()) return;
    if (!taller.enVivo() && lista.edad() > SIN_VIVO) todo();
    else if (mios.edad() > LENTO * (1 + Math.random())) mios.deber(); // how far the sheet is behind is told there
  }, 1000);

  // ---------------------------------------------------------------- the requests
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id !== "repaso") return;
    for (const [nombre, valor] of new URLSearchParams(location.search)) if (nombre !== "hecho") detail.parameters[nombre] = valor;
    detail.parameters.filas = todos("#lista .fila").length;
    detail.headers["If-None-Match"] = `"${uno("#lista").dataset.marca}"`;
  });
  let anclas = [], abierto = null;
  const cuerpo = () => uno("#contenido");
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { target, requestConfig: { elt } } = detail;
    if (!detail.shouldSwap || !elt.hasAttribute("data-solo")) return;
    if (dedo) {
      detail.shouldSwap = false;
      return (target.id === "lista" ? lista : mios).deber();
    }
    abierto = uno("#mios details[open]")?.id;
    anclas = target.id === "lista" ? todos(".fila").map((fila) => [fila.id, fila.getBoundingClientRect().top]).filter(([, y]) => y >= 0) : [];
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (!detail.requestConfig || !detail.requestConfig.elt.hasAttribute("data-solo")) return;
    if (abierto) document.getElementById(abierto)?.setAttribute("open", "");
    // What the worker looks at stays where it was, whatever came or went above it.
    const ancla = anclas.find(([id]) => document.getElementById(id));
    if (ancla && cuerpo().scrollTop > 0) cuerpo().scrollTop += document.getElementById(ancla[0]).getBoundingClientRect().top - ancla[1];
  });
  document.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
    const nueva = target && target.id === "lista" && uno("#lista"), conectado = uno("#vivo");
    if (nueva && conectado) vivo.leido(conectado.getAttribute("sse-swap"), Number(nueva.dataset.revision));
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { xhr, failed, requestConfig: { elt } } }) => {
    const bien = xhr.status > 0 && !failed;
    if (elt.id === "repaso") lista.leida(bien);
    if (elt.id === "mios-latido") mios.leida(bien);
  });
  document.addEventListener("hoja", ({ detail: { texto } }) => todos("[data-hoja]").forEach((lugar) => taller.escribir(lugar, texto)));
})();
