/* Taps: one key per intended tap, busy shown in place, and words above everything when the shop does not answer or
   answers rubbish. Every page works without this file. */
"use strict";
(() => {
  const { taller } = window;
  const { uno, todos, crear } = taller;

  // ---------------------------------------------------------------- the banner above everything
  let franjaDe = null;
  const decir = (motivo, texto, acciones = {}, clase = "") => {
    const lugar = uno("#red");
    const botones = Object.entries(acciones).map(([nombre, accion]) => {
      const boton = crear("button", { type: "button", className: "boton sobrio", textContent: nombre });
      boton.addEventListener("click", accion);
      return boton;
    });
    lugar.className = `red ${clase}`;
    lugar.replaceChildren(crear("p", { textContent: texto }), ...botones);
    franjaDe = motivo;
  };
  const callar = (...motivos) => {
    if (!motivos.includes(franjaDe)) return;
    uno("#red").className = "";
    uno("#red").replaceChildren();
    franjaDe = null;
    taller.avisar("franja:libre");
  };
  taller.franja = { decir, callar, libre: () => franjaDe === null, de: () => franjaDe };

  // ---------------------------------------------------------------- one key per intended tap, one tap at a time
  const clave = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  let intento = null;
  /** What a tap sends, kept apart from the page, which may change before it is sent again. */
  const toque = (form, boton) => {
    const campos = [...new FormData(form)].filter(([nombre]) => nombre !== "clave");
    if (boton && boton.name) campos.push([boton.name, boton.value]);
    return { accion: (boton && boton.getAttribute("formaction")) || form.getAttribute("action"), campos };
  };
  const huella = ({ accion, campos }) => JSON.stringify([accion, campos.filter(([nombre]) => nombre !== "csrfmiddlewaretoken")]);
  const soltar = (form) => {
    delete form.dataset.enCurso;
    todos("[aria-busy]").forEach((boton) => boton.removeAttribute("aria-busy"));
  };
  const rechazar = (evento) => {
    evento.preventDefault();
    evento.stopImmediatePropagation();
  };
  document.addEventListener("submit", (evento) => {
    const form = evento.target, boton = evento.submitter;
    if ((form.getAttribute("method") || "get").toLowerCase() !== "post") return;
    if (form.dataset.enCurso) return rechazar(evento);
    const este = toque(form, boton), de = huella(este);
    // The outcome of the same tap is still unknown: the same key makes the repetition harmless.
    intento = { ...este, de, clave: intento && intento.de === de ? intento.clave : form.dataset.clave || clave() };
    if (taller.sinRedDesde()) {
      rechazar(evento);
      return ofrecer(`No se envió ni se guardó nada: a las ${taller.hora()} no había conexión con el taller.`, form);
    }
    form.dataset.enCurso = "1";
    if (boton) boton.setAttribute("aria-busy", "true");
    if ("clave" in form.dataset) form.elements.clave.value = intento.clave;
  }, true);
  /** The tap once more, whatever became of the button. */
  const repetir = ({ accion, campos, clave: suya }) => {
    const form = crear("form", { method: "post", hidden: true });
    form.setAttribute("action", accion);
    form.dataset.clave = suya;
    form.append(...[...campos, ["clave", suya]].map(([name, value]) => crear("input", { type: "hidden", name, value })));
    uno("#pantalla").append(form);
    window.htmx.process(form);
    form.requestSubmit();
  };

  // ---------------------------------------------------------------- a tap that got no answer, or rubbish
  const esSecreto = (lugar) => lugar.matches("#pin") || uno("input[type=password]", lugar) !== null;
  /** A PIN or a password waits for nobody: whoever taps next may be somebody else. */
  const olvidar = (form, texto) => {
    intento = null;
    form.reset();
    decir("toque", `${texto} Lo escrito se borró: escríbalo otra vez.`, { Cerrar: () => callar("toque") });
  };
  const ofrecer = (texto, lugar) => {
    if (esSecreto(lugar)) return olvidar(lugar, texto);
    const este = intento;
    const REINTENTAR = () => {
      callar("toque");
      if (lugar.matches("form")) repetir(este);
      else lugar.click();
    };
    const Cerrar = () => callar("toque");
    decir("toque", texto, lugar.isConnected || lugar.matches("form") ? { REINTENTAR, Cerrar } : { Cerrar });
  };
  const sinRespuesta = (evento, texto) => {
    const { requestConfig } = evento.detail, { elt } = requestConfig;
    if (elt.hasAttribute("data-solo")) return; // nobody tapped it: it asks again by itself
    if (elt.matches("form")) soltar(elt);
    if (elt.matches("[role=search]")) fallo(elt, texto);
    else ofrecer(texto, elt);
  };
  const fallo = (buscador, texto) => {
    const lista = uno(buscador.getAttribute("hx-target"));
    const cuadro = crear("div", { className: "cuadro fallo" });
    const boton = crear("button", { type: "button", className: "boton verbo tomar", textContent: "REINTENTAR" });
    boton.addEventListener("click", () => buscador.requestSubmit());
    cuadro.setAttribute("role", "alert");
    cuadro.append(crear("p", { textContent: "No se pudo cargar la lista" }), crear("p", { textContent: texto }), boton);
    // The hidden fields stay: the retry asks for the same NV and the same part of the list.
    if (lista) lista.replaceChildren(...todos(":scope > input[type=hidden]", lista), cuadro);
  };
  const NADIE = "Sin respuesta: no se sabe si se guardó. Repetir no lo hace dos veces.";
  const CALLADO = "Sin respuesta del taller. Revise la conexión.";
  const FALLO = "El taller falló y lo dejó anotado. Si al repetir falla otra vez, avise al supervisor.";
  const NO_ACEPTO = "El taller no aceptó la solicitud. Vuelva a ¿Quién eres? y repita.";
  const nadie = (evento) => sinRespuesta(evento, evento.detail.requestConfig.verb === "get" ? CALLADO : NADIE);
  document.addEventListener("htmx:sendError", nadie);
  document.addEventListener("htmx:timeout", nadie);
  document.addEventListener("htmx:responseError", (evento) => {
    const { status } = evento.detail.xhr;
    if (status > 500) nadie(evento); // what stands before the shop does not know what the shop did
    else sinRespuesta(evento, status < 500 ? NO_ACEPTO : FALLO);
  });
  // An answer that says no, or that the shop failed, is a page of its own: it takes the place of a page, never of a part.
  document.addEventListener("htmx:beforeSwap", (evento) => {
    const { target, serverResponse, xhr } = evento.detail;
    if (xhr.status < 400) return;
    evento.detail.shouldSwap = (target.id === "pantalla" || target === document.body) && serverResponse.includes('id="pantalla"');
    evento.detail.isError = !evento.detail.shouldSwap;
  });
  document.addEventListener("htmx:afterRequest", (evento) => {
    const { xhr, failed, requestConfig: { elt } } = evento.detail;
    if (xhr.status === 0) return;
    if (!failed && !elt.hasAttribute("data-solo")) {
      intento = xhr.status < 500 ? null : intento;
      callar("toque");
    }
    if (elt.matches("form") && elt.isConnected) soltar(elt);
  });
  document.addEventListener("htmx:load", (evento) => {
    if (evento.detail.elt.id === "pantalla") uno("#contenido").focus({ preventScroll: true });
  });
})();
