/* Whether this tablet hears the shop, told in words. Two things can be lost: the shop itself, and then taps are refused;
   or only the stream of changes, and then the page is read anew every few seconds. */
"use strict";
(() => {
  const { taller } = window;
  const { uno, escribir, hora, avisar, pulso, franja } = taller;
  const CALLADO = 3600; // heartbeats come every three seconds: after so long the shop is asked whether it is there
  const CADUCO = 4600; // without a heartbeat for so long, what others do is not shown
  const SIN_VIVO = 3000, PASO = 400, RESPUESTA = 900, VERSION = 60000;
  let oido = performance.now(), preguntado = 0, preguntando = false;
  let sinRed = null, sinVivo = null, leido = null; // since when, hh:mm; which of them the worker has read and closed

  const SIN_CAMBIOS = "Lo que hacen los demás no llega en vivo desde las", SE_RENUEVA = "Esta página se renueva cada pocos segundos.";
  const SIN_RED = "Sin conexión con el taller desde las", NO_SE_GUARDA = "Lo que toque no se guarda hasta que vuelva.";

  const vivo = () => uno("#vivo") !== null;
  const cerrar = () => {
    leido = sinVivo;
    franja.callar("vivo");
  };
  const pintar = () => {
    const lugar = uno("#pulso");
    if (sinRed) {
      if (franja.libre() || franja.de() === "vivo") franja.decir("red", `${SIN_RED} ${sinRed}. ${NO_SE_GUARDA}`);
    } else franja.callar("red");
    if (sinVivo && !sinRed && vivo()) {
      if (franja.libre() && leido !== sinVivo) franja.decir("vivo", `${SIN_CAMBIOS} ${sinVivo}. ${SE_RENUEVA}`, { Cerrar: cerrar }, "tranquila");
    } else franja.callar("vivo");
    if (!lugar) return;
    lugar.classList.toggle("rota", Boolean(sinRed || (sinVivo && vivo())));
    escribir(lugar, sinRed ? `Sin conexión desde ${sinRed}` : sinVivo && vivo() ? `Sin cambios en vivo desde ${sinVivo}` : "Conectado");
  };
  const version = (suya) => {
    if (suya === taller.raiz.dataset.version || !franja.libre()) return;
    franja.decir("version", "Hay una versión nueva del taller.", { RECARGAR: () => location.reload() }, "tranquila");
  };
  const responde = (si) => {
    const antes = sinRed;
    sinRed = si ? null : sinRed || hora();
    pintar();
    if (antes && si) avisar("conexion:vuelve");
  };
  const preguntar = async () => {
    if (preguntando) return;
    preguntando = true;
    const conRed = navigator.onLine;
    const suya = await pulso(vivo() ? RESPUESTA : 2000);
    preguntando = false;
    preguntado = performance.now();
    // An answer that crossed with the fall of the line proves nothing about what comes after.
    responde(suya !== null && !(conRed && !navigator.onLine));
    if (suya !== null) version(suya);
  };
  /** Something arrived. A browser without a line has only the shop of its own machine, which answers when asked. */
  const llego = () => {
    if (navigator.onLine) responde(true);
    else if (sinRed) preguntar();
  };
  const mirar = () => {
    if (document.hidden) return;
    const ahora = performance.now(), callado = ahora - oido;
    sinVivo = callado > CADUCO ? sinVivo || hora(oido) : null;
    const espera = sinRed ? 1200 : vivo() && callado < CALLADO ? VERSION : SIN_VIVO;
    const urge = vivo() && callado > CALLADO && preguntado < oido + CALLADO;
    if (urge || ahora - preguntado > espera) preguntar();
    pintar();
  };

  document.addEventListener("vivo:latido", () => {
    oido = performance.now();
    sinVivo = null;
    llego();
  });
  document.addEventListener("vivo:cayo", preguntar);
  document.addEventListener("vivo:abierta", preguntar); // the shop may have come back as another build
  window.addEventListener("offline", () => responde(false));
  window.addEventListener("online", preguntar);
  document.addEventListener("visibilitychange", () => {
    oido = performance.now();
    mirar();
  });
  document.addEventListener("htmx:sendError", preguntar);
  document.addEventListener("htmx:afterRequest", ({ detail: { xhr } }) => { if (xhr && xhr.status && xhr.status < 500) llego(); });
  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    // A page that begins to listen has its own time to hear the first heartbeat.
    if (elt.id === "pantalla") oido = performance.now();
    pintar();
  });
  document.addEventListener("franja:libre", pintar);
  setInterval(mirar, PASO);

  /** Since when nothing can be sent, hh:mm; null while it can. */
  taller.sinRedDesde = () => sinRed;
  /** Whether changes of others arrive. */
  taller.enVivo = () => !sinVivo && !sinRed;
})();
