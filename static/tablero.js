/* The wall, live: cards come, change and go in place; its state is told in words; it is painted whole after a gap. Open
   for weeks, so nothing here grows. */
"use strict";
(() => {
  const { htmx, taller } = window;
  const { raiz, uno, todos, crear, escribir, hora, pulso, vivo } = taller;
  const TARDE = 5000, CADUCO = 10000; // milliseconds without proof that the wall shows what is
  const ESCUCHA = uno("#vivo") !== null, LECTURA = 2500; // an office's computer is told nothing: it reads, and a reading takes its time
  const PAGINA = 8000, REPASO = 2000, AZAR = 400, REINTENTO = 5000;
  const ENTERO = 300000; // REVISAR and "hoy" change with time alone
  const muro = () => uno("#tablero");
  const ahora = () => performance.now();

  // ---------------------------------------------------------------- the state, in words
  let alDia = ahora(), oido = -Infinity, caida = false, pendiente = false, perdidoDesde = null;
  const pintar = () => {
    const edad = ahora() - alDia;
    if (edad <= CADUCO) perdidoDesde = null;
    else perdidoDesde ||= hora(alDia);
    const tarda = ESCUCHA ? caida || edad > TARDE || ahora() - oido > TARDE : edad > TARDE + LECTURA;
    muro().classList.toggle("sin-contacto", perdidoDesde !== null);
    muro().classList.toggle("reconectando", perdidoDesde === null && tarda);
    escribir(uno("[data-estado]"), perdidoDesde ? `SIN CONEXIÓN desde ${perdidoDesde}` : tarda ? "RECONECTANDO" : ESCUCHA ? "EN VIVO" : "CADA 5 SEGUNDOS");
  };
  const actual = () => {
    alDia = ahora();
    pintar();
  };
  document.addEventListener("vivo:latido", () => {
    caida = false;
    oido = ahora();
    if (pendiente) pintar();
    else actual();
  });
  document.addEventListener("vivo:cayo", () => {
    caida = true;
    pintar();
  });
  document.addEventListener("vivo:abierta", async () => nuevaVersion(await pulso(4000)));
  const nuevaVersion = (version) => { if (version && version !== raiz.dataset.version) location.reload(); };

  // ---------------------------------------------------------------- the whole wall, painted anew
  let ultima = -Infinity, pintada = ahora(), reloj = 0, leyendo = false;
  const leer = async (pagina) => {
    if (leyendo) return;
    clearTimeout(reloj);
    reloj = 0;
    leyendo = true;
    ultima = ahora();
    const antes = muro();
    await htmx.ajax("GET", `/tablero/?pagina=${pagina}`, { source: "#pintor", target: "#tablero", swap: "outerHTML" }).catch(() => null);
    leyendo = false;
    if (muro() === antes) return;
    pendiente = false;
    pintada = ahora();
    nuevaVersion(muro().dataset.version);
    actual();
    vivo.leido("tablero", Number(muro().dataset.revision));
  };
  /** The wall does not show what is: paint it, soon, and not all walls at the same moment. */
  const repintar = () => {
    pendiente = true;
    reloj ||= setTimeout(() => {
      reloj = 0;
      leer(muro().dataset.pagina);
    }, Math.max(ultima + REPASO - ahora(), 0) + Math.random() * AZAR);
  };
  document.addEventListener("vivo:repintar", repintar);

  // ---------------------------------------------------------------- a change, made to fit this wall
  const lugar = (tarjeta) => [Number(tarjeta.dataset.desde), Number(tarjeta.id.split("-")[1])];
  const despues = (una, otra) => {
    const [desde, pk] = lugar(una), [suDesde, suPk] = lugar(otra);
    return desde > suDesde || (desde === suDesde && pk > suPk);
  };
  /** Where htmx is to put a new card: before the first that is younger. */
  const sobre = (tarjeta) => {
    const siguiente = todos("#tarjetas > li").find((puesta) => despues(puesta, tarjeta));
    const envoltura = crear("div", {});
    envoltura.setAttribute("hx-swap-oob", siguiente ? `beforebegin:#${siguiente.id}` : "beforeend:#tarjetas");
    tarjeta.removeAttribute("hx-swap-oob");
    envoltura.append(tarjeta);
    return envoltura;
  };
  const adaptar = (texto) => {
    const molde = crear("template", { innerHTML: texto }), lista = uno("#tarjetas"), nuevas = [];
    const { pagina, paginas, cabe } = muro().dataset;
    for (const tarjeta of molde.content.querySelectorAll("li[id^=tarjeta-]")) {
      const aqui = document.getElementById(tarjeta.id), seVa = tarjeta.getAttribute("hx-swap-oob") === "delete";
      const otra = aqui && !seVa && aqui.dataset.desde !== tarjeta.dataset.desde; // freed and taken again: another place
      if (otra) aqui.remove();
      if (seVa ? !aqui : otra || !aqui) tarjeta.remove();
      if (!seVa && (otra || !aqui)) nuevas.push(tarjeta);
      if (seVa && aqui && (Number(paginas) > 1 || lista.children.length === 1)) repintar();
    }
    // Without a place of their own here they come with the whole wall.
    const caben = Number(paginas) === 1 && lista?.children.length && lista.children.length + nuevas.length <= Number(cabe);
    if (caben) molde.content.append(...nuevas.sort((una, otra) => (despues(una, otra) ? 1 : -1)).map(sobre));
    else if (nuevas.length && pagina === paginas) repintar();
    if (!lista && !muro().contains(uno("[data-nadie]"))) repintar(); // "there are no spools" may be over
    return molde.innerHTML;
  };
  htmx.defineExtension("tarjetas", {
    transformResponse: (texto, xhr, elemento) => (xhr || elemento.id !== "vivo" ? texto : adaptar(texto)),
  });

  setInterval(() => {
    pintar();
    const { paginas, proxima, pagina } = muro().dataset;
    if (document.hidden || leyendo) return;
    const edad = ahora() - alDia;
    if (edad > TARDE || pendiente) {
      if (ahora() - ultima > REINTENTO) leer(pagina);
    } else if (Number(paginas) > 1 && ahora() - pintada > PAGINA) leer(proxima);
    else if (ahora() - pintada > ENTERO * (1 + Math.random())) leer(pagina);
  }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) repintar(); });
  pintar();
})();
