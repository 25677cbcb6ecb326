/* What every page starts from: short names, the shop's clock and what runs by it. The device's own clock is never
   asked for a time of day: only how much of it has passed since the shop told its own. */
"use strict";
window.taller = (() => {
  const raiz = document.documentElement;
  raiz.classList.add("js");
  const uno = (selector, en = document) => en.querySelector(selector);
  const todos = (selector, en = document) => [...en.querySelectorAll(selector)];
  const crear = (nombre, campos) => Object.assign(document.createElement(nombre), campos);
  const avisar = (nombre, detalle) => document.dispatchEvent(new CustomEvent(nombre, { detail: detalle }));

  let dicho = { instante: 0, zona: 0, visto: 0 };
  /** The shop says what time it is: ISO with its offset. */
  const ajustar = (iso) => {
    const [, signo, horas, minutos] = iso.match(/([+-])(\d\d):(\d\d)$/);
    const zona = (Number(horas) * 60 + Number(minutos)) * (signo === "-" ? -1 : 1);
    dicho = { instante: Date.parse(iso), zona, visto: performance.now() };
  };
  /** Milliseconds of the epoch by the shop's clock, at `cuando` of performance.now(). */
  const instante = (cuando = performance.now()) => dicho.instante + cuando - dicho.visto;
  /** hh:mm on the shop's wall. */
  const hora = (cuando) => new Date(instante(cuando) + dicho.zona * 60000).toISOString().slice(11, 16);

  const duracion = (segundos) => {
    const minutos = Math.max(Math.floor(segundos / 60), 0), dias = Math.floor(minutos / 1440);
    const horas = Math.floor(minutos / 60) % 24, resto = minutos % 60;
    if (dias) return `${dias}d ${horas}h ${resto}m`;
    return horas ? `${horas}h ${resto}m` : `${resto}m`;
  };
  const escribir = (lugar, texto) => { if (lugar && lugar.textContent !== texto) lugar.textContent = texto; };
  const correr = () => {
    for (const lugar of todos("[data-corre]")) escribir(lugar, duracion(instante() / 1000 - Number(lugar.dataset.corre)));
    escribir(uno("[data-reloj]"), hora());
  };

  /** Asks the shop whether it answers: its build, or null after `espera` milliseconds. Sets the clock. */
  const pulso = async (espera) => {
    try {
      const respuesta = await fetch("/pulso/", { cache: "no-store", signal: AbortSignal.timeout(espera) });
      const { version, hora: suya } = await respuesta.json();
      ajustar(suya);
      return version;
    } catch {
      return null;
    }
  };

  ajustar(raiz.dataset.hora);
  correr();
  setInterval(correr, 5000);
  document.addEventListener("htmx:load", correr);
  return { raiz, uno, todos, crear, avisar, ajustar, hora, escribir, pulso };
})();
