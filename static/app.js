/* What the pages cannot do alone: one key per intended tap, busy shown in place, words when the shop does not
   answer, the way back to "¿Quién eres?", a scanner anywhere. Every page works without this file. */
"use strict";
(() => {
  const raiz = document.documentElement;
  const uno = (selector, en = document) => en.querySelector(selector);
  const todos = (selector, en = document) => [...en.querySelectorAll(selector)];
  raiz.classList.add("js");

  // ---------------------------------------------------------------- running times, counted from the server's figure
  const vistos = new WeakMap();
  const duracion = (segundos) => {
    const minutos = Math.floor(segundos / 60), dias = Math.floor(minutos / 1440);
    const horas = Math.floor(minutos / 60) % 24, resto = minutos % 60;
    if (dias) return `${dias}d ${horas}h ${resto}m`;
    return horas ? `${horas}h ${resto}m` : `${resto}m`;
  };
  const correr = () => {
    for (const lugar of todos("[data-segundos]")) {
      if (!vistos.has(lugar)) vistos.set(lugar, performance.now());
      const pasados = (performance.now() - vistos.get(lugar)) / 1000;
      const texto = duracion(Number(lugar.dataset.segundos) + pasados);
      if (lugar.textContent !== texto) lugar.textContent = texto;
    }
  };
  setInterval(correr, 5000);

  // ---------------------------------------------------------------- the server's clock, for "desde hh:mm"
  let reloj = { minutos: Number(raiz.dataset.minutos || 0), visto: performance.now() };
  const hora = () => {
    const minutos = Math.floor(reloj.minutos + (performance.now() - reloj.visto) / 60000) % 1440;
    return [Math.floor(minutos / 60), minutos % 60].map((n) => String(n).padStart(2, "0")).join(":");
  };

  // ---------------------------------------------------------------- the banner above everything
  const franja = () => uno("#red") || document.body.insertAdjacentElement("afterbegin", Object.assign(document.createElement("div"), { id: "red" }));
  let franjaDe = null;
  const decir = (motivo, texto, acciones = {}, clase = "") => {
    const lugar = franja();
    const botones = Object.entries(acciones).map(([nombre, accion]) => {
      const boton = Object.assign(document.createElement("button"), { type: "button", className: "boton sobrio", textContent: nombre });
      boton.addEventListener("click", accion);
      return boton;
    });
    lugar.setAttribute("role", "alert");
    lugar.className = `red ${clase}`;
    lugar.replaceChildren(Object.assign(document.createElement("p"), { textContent: texto }), ...botones);
    franjaDe = motivo;
  };
  const callar = (...motivos) => {
    if (!motivos.includes(franjaDe)) return;
    franja().className = "";
    franja().replaceChildren();
    franjaDe = null;
  };

  // ---------------------------------------------------------------- one key per intended tap, one tap at a time
  const clave = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  let intento = null;
  const huella = (form, boton) => {
    const campos = [...new FormData(form)].filter(([nombre]) => !["clave", "csrfmiddlewaretoken"].includes(nombre));
    if (boton && boton.name) campos.push([boton.name, boton.value]);
    return JSON.stringify([(boton && boton.getAttribute("formaction")) || form.getAttribute("action"), campos]);
  };
  const soltar = (form) => {
    delete form.dataset.enCurso;
    todos("[aria-busy]", document).forEach((boton) => boton.removeAttribute("aria-busy"));
  };
  document.addEventListener("submit", (evento) => {
    const form = evento.target, boton = evento.submitter;
    if ((form.getAttribute("method") || "get").toLowerCase() !== "post") return;
    if (form.dataset.enCurso) {
      evento.preventDefault();
      evento.stopImmediatePropagation();
      return;
    }
    form.dataset.enCurso = "1";
    if (boton) boton.setAttribute("aria-busy", "true");
    if (!("clave" in form.dataset)) return;
    const de = huella(form, boton);
    // The outcome of the same tap is still unknown: the same key makes the repetition harmless.
    const repetido = intento && intento.de === de && intento.sinRespuesta;
    intento = { de, clave: repetido ? intento.clave : form.dataset.clave || clave(), sinRespuesta: true };
    form.elements.clave.value = intento.clave;
  }, true);

  // ---------------------------------------------------------------- connection, told in words
  let perdida = null;
  const esLatido = (elemento) => elemento && (elemento.id === "pulso" || elemento.id === "mios-latido");
  const SIN_RED = () => `Sin conexión con el taller desde las ${perdida}. Lo que toque no se guarda hasta que vuelva.`;
  const conexion = (viva) => {
    const lugar = uno("#pulso");
    if (!viva && perdida === null) {
      perdida = hora();
      if (franjaDe === null) decir("red", SIN_RED());
    } else if (viva && perdida !== null) {
      perdida = null;
      callar("red");
      sanar();
    }
    if (!lugar) return;
    lugar.classList.toggle("rota", perdida !== null);
    const texto = perdida === null ? "Conectado" : `Sin conexión desde ${perdida}`;
    if (lugar.textContent !== texto) lugar.textContent = texto;
  };
  const sanar = () => {
    const pagina = uno("#pantalla[data-refresca]");
    const quieta = franjaDe === null && elegidos.size === 0 && !(document.activeElement && document.activeElement.matches("input"));
    if (pagina && quieta) window.htmx.ajax("GET", location.href, { target: "#pantalla", select: "#pantalla", swap: "outerHTML" });
  };
  window.addEventListener("offline", () => conexion(false));
  window.addEventListener("online", () => uno("#pulso") && window.htmx.trigger("#pulso", "volver"));

  // ---------------------------------------------------------------- a tap that got no answer
  const sinRespuesta = (evento, texto) => {
    const { elt, requestConfig } = evento.detail;
    const boton = requestConfig && requestConfig.triggeringEvent && requestConfig.triggeringEvent.submitter;
    if (esLatido(elt)) return conexion(false);
    if (elt.id === "tablero") return contacto(false);
    if (elt.matches("form")) soltar(elt);
    if (elt.matches("[role=search]")) return fallo(elt);
    const repetir = () => {
      callar("toque");
      // A click and not requestSubmit: htmx learns from clicks which button names the spool.
      if (boton && boton.isConnected) boton.click();
      else if (elt.matches("form")) elt.requestSubmit();
      else elt.click();
    };
    decir("toque", texto, elt.isConnected ? { REINTENTAR: repetir, Cerrar: () => callar("toque") } : { Cerrar: () => callar("toque") });
  };
  const fallo = (buscador) => {
    const lista = uno(buscador.getAttribute("hx-target"));
    const cuadro = Object.assign(document.createElement("div"), { className: "cuadro fallo" });
    const frase = Object.assign(document.createElement("p"), { textContent: "No se pudo cargar la lista" });
    const detalle = Object.assign(document.createElement("p"), { textContent: "No hubo respuesta del taller. Revise la conexión." });
    const boton = Object.assign(document.createElement("button"), { type: "button", className: "boton verbo tomar", textContent: "REINTENTAR" });
    boton.addEventListener("click", () => buscador.requestSubmit());
    cuadro.setAttribute("role", "alert");
    cuadro.append(frase, detalle, boton);
    if (lista) lista.replaceChildren(cuadro);
  };
  const NADIE = "Sin respuesta: no se sabe si se guardó. REINTENTAR no lo hace dos veces.";
  document.addEventListener("htmx:sendError", (evento) => { sinRespuesta(evento, NADIE); if (evento.detail.elt.id !== "tablero") conexion(false); });
  document.addEventListener("htmx:timeout", (evento) => sinRespuesta(evento, NADIE));
  document.addEventListener("htmx:responseError", (evento) => sinRespuesta(evento, "El taller falló y lo dejó anotado. REINTENTAR; si se repite, avise al supervisor."));
  document.addEventListener("htmx:beforeSwap", (evento) => {
    const { target, serverResponse, xhr } = evento.detail;
    if (target && target.id === "pantalla" && xhr.status >= 400 && !serverResponse.includes('id="pantalla"')) {
      evento.detail.shouldSwap = false;
      sinRespuesta(evento, "El taller no aceptó la solicitud. Vuelva a ¿Quién eres? y repita.");
    }
  });
  document.addEventListener("htmx:afterRequest", (evento) => {
    const { elt, xhr } = evento.detail;
    if (!xhr || xhr.status === 0) return;
    if (xhr.status < 500) conexion(true);
    if (xhr.status < 500 && !esLatido(elt)) {
      intento = null;
      callar("toque");
    }
    if (elt.matches && elt.matches("form") && elt.isConnected) soltar(elt);
  });
  document.addEventListener("htmx:load", (evento) => {
    correr();
    pintarEleccion();
    if (evento.detail.elt.id === "pantalla") uno("#contenido").focus({ preventScroll: true });
  });

  // ---------------------------------------------------------------- what the server says beside the page
  const nuevaVersion = (version) => {
    if (!version || version === raiz.dataset.version) return;
    if (uno("#tablero")) location.reload();
    else if (franjaDe === null) decir("version", "Hay una versión nueva del taller.", { RECARGAR: () => location.reload() }, "tranquila");
  };
  document.addEventListener("pulso", (evento) => {
    reloj = { minutos: evento.detail.minutos, visto: performance.now() };
    nuevaVersion(evento.detail.version);
  });
  document.addEventListener("hoja", (evento) => todos("[data-hoja]").forEach((lugar) => { lugar.textContent = evento.detail.texto; }));

  // ---------------------------------------------------------------- many spools at once, kept through searches
  const MAXIMO = 50;
  const elegidos = new Set();
  let formDeElegidos = null;
  const pintarEleccion = () => {
    const form = uno("#tomar"), boton = uno("[data-tomar]");
    if (form !== formDeElegidos) {
      elegidos.clear();
      formDeElegidos = form;
    }
    if (!form || !boton) return;
    const casillas = todos("input[name=tag][type=checkbox]", form);
    casillas.forEach((casilla) => { if (casilla.checked) elegidos.add(casilla.value); else casilla.checked = elegidos.has(casilla.value); });
    const aqui = new Set(casillas.map((casilla) => casilla.value));
    const fuera = [...elegidos].filter((tag) => !aqui.has(tag));
    uno("[data-fuera]", form).replaceChildren(...fuera.map((value) => Object.assign(document.createElement("input"), { type: "hidden", name: "tag", value })));
    const contador = uno(".contador", boton);
    contador.textContent = elegidos.size ? `${contador.dataset.texto} (${elegidos.size})` : "Elija spools";
    boton.disabled = elegidos.size === 0;
    const quitar = uno("[data-soltar]");
    quitar.disabled = elegidos.size === 0;
    quitar.textContent = fuera.length ? `Quitar todo (${fuera.length} fuera de la lista)` : "Quitar todo";
  };
  document.addEventListener("change", (evento) => {
    const casilla = evento.target;
    if (!casilla.matches("#tomar input[name=tag]")) return;
    if (casilla.checked && elegidos.size >= MAXIMO) {
      casilla.checked = false;
      decir("maximo", `Se toman a lo más ${MAXIMO} spools a la vez.`, { Cerrar: () => callar("maximo") }, "tranquila");
    } else if (casilla.checked) elegidos.add(casilla.value);
    else elegidos.delete(casilla.value);
    pintarEleccion();
  });
  document.addEventListener("click", (evento) => {
    if (!evento.target.closest("[data-soltar]")) return;
    elegidos.clear();
    todos("#tomar input[name=tag][type=checkbox]").forEach((casilla) => { casilla.checked = false; });
    pintarEleccion();
  });

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
    const enlace = Object.assign(document.createElement("a"), { href: ruta ? ruta[1] : `/spool/${encodeURIComponent(texto)}/`, hidden: true });
    const pantalla = uno("#pantalla");
    if (!pantalla) return;
    pantalla.append(enlace);
    if (window.htmx) window.htmx.process(enlace);
    enlace.click();
  };
  document.addEventListener("keydown", (evento) => {
    const escribe = evento.target.matches("input:not([type=checkbox]), textarea, select");
    if ((escribe && evento.target.type !== "search") || evento.ctrlKey || evento.metaKey || evento.altKey) return;
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

  // ---------------------------------------------------------------- the wall
  const CADUCO = 10000;
  let ultimoContacto = performance.now();
  const contacto = (vivo) => {
    const muro = uno("#tablero");
    if (!muro) return;
    if (vivo) {
      ultimoContacto = performance.now();
      muro.dataset.visto = hora();
      nuevaVersion(muro.dataset.version);
      return;
    }
    if (muro.classList.contains("sin-contacto")) return;
    muro.classList.add("sin-contacto");
    uno("[data-perdido]", muro).textContent = `SIN CONEXIÓN desde ${muro.dataset.hora}`;
  };
  if (uno("#tablero")) {
    document.addEventListener("htmx:load", (evento) => { if (evento.detail.elt.id === "tablero") contacto(true); });
    setInterval(() => { if (performance.now() - ultimoContacto > CADUCO) contacto(false); }, 1000);
  }

  correr();
  pintarEleccion();
})();
