/* The one stream of this browser, however many tabs it has: a browser opens six connections to one address, and six
   streams would leave none for a tap. A visible tab holds the stream and tells the other visible ones over a
   BroadcastChannel, which plain http has too; Web Locks, which could elect it, exist only under https. A hidden tab hears
   nothing and asks for what it missed when it is looked at again. (docs/decisions/0007) */
"use strict";
(() => {
  const { vivo } = window.taller;
  const CALLADA = 9000; // a stream that says nothing for so long is dropped: its line may be dead without an error
  const PRESENCIA = 1500, AUSENTE = 4000, ELECCION = 150;
  const PRIMERA = 500, ULTIMA = 3000; // between two tries, doubling, half of it by chance: two hundred boards must not come at once
  const yo = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const canal = "BroadcastChannel" in window ? new BroadcastChannel("taller-en-vivo") : null;
  const decir = (que, dato) => { if (canal) canal.postMessage({ que, dato, de: yo }); };
  const quiere = () => !document.hidden && vivo.pedidas().size > 0;

  const otras = new Map(); // tab → the views it shows and when it last said so; known to the tab that holds the stream
  let titular = null, oidoTitular = 0, eleccion = 0;

  // ---------------------------------------------------------------- the stream itself, in the tab that holds it
  let corriente = null, abiertas = new Map(), oida = 0, fallos = 0, reintento = 0;
  const contar = (que, dato) => {
    vivo[que](dato);
    if (otras.size) decir(que, dato);
  };
  const cerrar = () => {
    clearTimeout(reintento);
    if (corriente) corriente.close();
    corriente = null;
  };
  const novedad = (vista, ids, html) => {
    const id = Number((ids.match(new RegExp(`(?:^|,)${vista}:(\\d+)`)) || [])[1] || 0);
    abiertas.set(vista, id);
    contar("novedad", { vista, id, html });
  };
  const abrir = (vistas) => {
    cerrar();
    const desde = Math.min(...vistas.values());
    abiertas = new Map([...vistas.keys()].map((vista) => [vista, desde]));
    vivo.olvidar();
    vivo.empezar(abiertas);
    const consulta = [...abiertas.keys()].map((vista) => `vista=${vista}`).join("&");
    corriente = new EventSource(`/en-vivo/?${consulta}&desde=${desde}`);
    oida = performance.now();
    const cuando = (nombre, hacer) => corriente.addEventListener(nombre, (evento) => {
      oida = performance.now();
      hacer(evento);
    });
    abiertas.forEach((_, vista) => cuando(vista, ({ data, lastEventId }) => novedad(vista, lastEventId, data)));
    cuando("repintar", ({ data, lastEventId }) => novedad(data, lastEventId, null));
    cuando("stream-reset", ({ data, lastEventId }) => JSON.parse(data).channels.forEach((vista) => novedad(vista, lastEventId, null)));
    cuando("latido", ({ data }) => {
      fallos = 0;
      contar("latido", JSON.parse(data));
    });
    corriente.onopen = () => contar("abierta");
    corriente.onerror = caer;
  };
  // The browser's own return would give up for good after an answer such as 502, and would come at a fixed pace.
  const caer = () => {
    cerrar();
    contar("cayo");
    const espera = Math.min(ULTIMA, PRIMERA * 2 ** fallos++) * (0.5 + Math.random());
    reintento = setTimeout(() => { if (titular === yo) abrir(abiertas); }, espera);
  };
  window.addEventListener("online", () => { if (titular === yo && !corriente) abrir(abiertas); });

  // ---------------------------------------------------------------- which tab holds it
  /** All that the visible tabs show; a view that nobody shows any more stays until another is wanted. */
  const reunir = () => {
    const todas = vivo.pedidas();
    for (const { vistas } of otras.values()) {
      for (const [vista, id] of vistas) todas.set(vista, Math.min(id, todas.get(vista) ?? id));
    }
    if ([...todas.keys()].some((vista) => !abiertas.has(vista))) abrir(todas);
  };
  const pedir = () => {
    decir("pido", [...vivo.pedidas()]);
    if (titular === null && !eleccion) eleccion = setTimeout(asumir, canal ? ELECCION * (1 + Math.random()) : 0);
  };
  const asumir = () => {
    eleccion = 0;
    if (titular !== null || !quiere()) return;
    titular = yo;
    reunir();
    decir("doy", [...abiertas]);
  };
  const soltar = () => {
    cerrar();
    abiertas = new Map();
    otras.clear();
    vivo.olvidar();
  };
  const dejar = () => {
    clearTimeout(eleccion);
    eleccion = 0;
    if (titular !== null) decir(titular === yo ? "dejo" : "adios");
    soltar();
    titular = null;
  };
  const seguir = (de) => {
    oidoTitular = performance.now();
    if (titular === de) return;
    soltar();
    titular = de;
    pedir();
  };
  const acordar = () => {
    if (!quiere()) dejar();
    else if (titular === yo) reunir();
    else pedir();
  };

  const MENSAJES = {
    pido: (vistas, de) => {
      if (titular !== yo) return;
      otras.set(de, { vistas, visto: performance.now() });
      reunir();
      decir("doy", [...abiertas]);
    },
    adios: (_, de) => otras.delete(de),
    dejo: (_, de) => {
      if (titular !== de) return;
      titular = null;
      pedir();
    },
  };
  const DEL_TITULAR = { doy: vivo.exigir, novedad: vivo.novedad, latido: vivo.latido, cayo: vivo.cayo, abierta: vivo.abierta };
  const oir = ({ data: { que, dato, de } }) => {
    if (!quiere()) return;
    if (que in MENSAJES) MENSAJES[que](dato, de);
    // Two tabs that hold a stream at once: the one with the greater number lets go.
    else if (titular === yo && yo < de) decir("doy", [...abiertas]);
    else {
      seguir(de);
      DEL_TITULAR[que](dato);
    }
  };
  if (canal) canal.onmessage = oir;

  setInterval(() => {
    if (!quiere()) return;
    const ahora = performance.now();
    if (titular === yo) {
      otras.forEach(({ visto }, de) => { if (ahora - visto > AUSENTE) otras.delete(de); });
      if (corriente && ahora - oida > CALLADA) caer();
      return;
    }
    if (ahora - oidoTitular > AUSENTE) titular = null;
    pedir();
  }, PRESENCIA);
  let pronto = 0;
  // A page that replaces another closes its source a moment before it opens the next one.
  document.addEventListener("vivo:fuentes", () => {
    clearTimeout(pronto);
    pronto = setTimeout(acordar, quiere() ? 0 : 200);
  });
  document.addEventListener("visibilitychange", acordar);
  window.addEventListener("pagehide", dejar);
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) acordar(); });
})();
